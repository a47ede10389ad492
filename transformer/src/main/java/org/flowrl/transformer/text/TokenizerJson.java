package org.flowrl.transformer.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads `tokenizer.json`, the format of the `tokenizers` library, and refuses by name whatever this package does not
/// do.
///
/// Accepted: model BPE without dropout, affixes, unknown token, byte fallback or ignored merges; normalizer NFC or
/// none; Qwen's split followed by ByteLevel; decoder ByteLevel; post-processor ByteLevel, TemplateProcessing, a
/// Sequence of these, or none. `truncation` and `padding` are ignored, as Transformers resets them for each call.
final class TokenizerJson {
    private final JsonSource json;
    private final List<Integer> prefix = new ArrayList<>();
    private final List<Integer> suffix = new ArrayList<>();

    private TokenizerJson(JsonSource json) {
        this.json = json;
    }

    /// What the file says; `roles` and `extraTokens` come from the files beside it.
    static TokenizerSpec.Source read(JsonSource json, List<AddedToken> extraTokens, SpecialTokens roles) {
        return new TokenizerJson(json).read(extraTokens, roles);
    }

    private TokenizerSpec.Source read(List<AddedToken> extraTokens, SpecialTokens roles) {
        JsonNode model = json.root().path("model");
        checkModel(model);
        boolean nfc = nfc(json.root().path("normalizer"), "normalizer");
        checkPreTokenizer(json.root().path("pre_tokenizer"));
        checkDecoder(json.root().path("decoder"));
        readPostProcessor(json.root().path("post_processor"), "post_processor");
        List<AddedToken> tokens = addedTokens();
        return new TokenizerSpec.Source(json.file(), vocabulary(json, model.path("vocab"), "model.vocab"),
                merges(model.path("merges")), AddedTokens.joined(json.file(), tokens, extraTokens), nfc,
                prefix, suffix, roles);
    }

    private void checkModel(JsonNode model) {
        String type = json.text(model, "model", "type");
        if (!type.equals("BPE")) {
            throw unsupported("model.type '" + type + "'", "must be 'BPE'");
        }
        for (String flag : List.of("byte_fallback", "ignore_merges")) {
            if (model.path(flag).asBoolean(false)) {
                throw unsupported("model." + flag + " true", "must be false");
            }
        }
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            String value = model.path(affix).asText("");
            if (JsonSource.member(model, affix) != null && !value.isEmpty()) {
                throw unsupported("model." + affix + " '" + value + "'", "must be empty");
            }
        }
        if (JsonSource.member(model, "unk_token") != null) {
            throw unsupported("model.unk_token '" + model.path("unk_token").asText() + "'", "must be null");
        }
        if (model.path("dropout").asDouble(0) != 0) {
            throw unsupported("model.dropout " + model.path("dropout").asText(), "must be null");
        }
    }

    private boolean nfc(JsonNode normalizer, String where) {
        if (normalizer.isNull() || normalizer.isMissingNode()) {
            return false;
        }
        String type = json.text(normalizer, where, "type");
        if (type.equals("NFC")) {
            return true;
        }
        if (type.equals("Sequence")) {
            boolean nfc = false;
            JsonNode parts = normalizer.path("normalizers");
            for (int i = 0; i < parts.size(); i++) {
                nfc |= nfc(parts.get(i), where + ".normalizers[" + i + "]");
            }
            return nfc;
        }
        throw unsupported(where + ".type '" + type + "'", "must be 'NFC' or absent");
    }

    private void checkPreTokenizer(JsonNode preTokenizer) {
        String rule = "must be a Sequence of Qwen's Split and ByteLevel";
        String type = json.text(preTokenizer, "pre_tokenizer", "type");
        JsonNode parts = preTokenizer.path("pretokenizers");
        if (!type.equals("Sequence")) {
            throw unsupported("pre_tokenizer.type '" + type + "'", rule);
        }
        if (parts.size() != 2) {
            throw unsupported("pre_tokenizer.pretokenizers of length " + parts.size(), rule);
        }
        String first = json.text(parts.get(0), "pre_tokenizer.pretokenizers[0]", "type");
        String second = json.text(parts.get(1), "pre_tokenizer.pretokenizers[1]", "type");
        if (!first.equals("Split") || !second.equals("ByteLevel")) {
            throw unsupported("pre_tokenizer of " + first + " and " + second, rule);
        }
        checkSplit(parts.get(0), "pre_tokenizer.pretokenizers[0]");
        for (String flag : List.of("add_prefix_space", "use_regex")) {
            if (json.flag(parts.get(1), "pre_tokenizer.pretokenizers[1]", flag)) {
                throw unsupported("pre_tokenizer.pretokenizers[1]." + flag + " true", "must be false");
            }
        }
    }

    private void checkSplit(JsonNode split, String where) {
        String regex = json.text(split.path("pattern"), where + ".pattern", "Regex");
        if (!regex.equals(QwenSplitter.REGEX)) {
            throw unsupported(where + ".pattern '" + regex + "'", "must be Qwen2's '" + QwenSplitter.REGEX + "'");
        }
        String behavior = json.text(split, where, "behavior");
        if (!behavior.equals("Isolated")) {
            throw unsupported(where + ".behavior '" + behavior + "'", "must be 'Isolated'");
        }
        if (json.flag(split, where, "invert")) {
            throw unsupported(where + ".invert true", "must be false");
        }
    }

    private void checkDecoder(JsonNode decoder) {
        String type = json.text(decoder, "decoder", "type");
        if (!type.equals("ByteLevel")) {
            throw unsupported("decoder.type '" + type + "'", "must be 'ByteLevel'");
        }
    }

    private void readPostProcessor(JsonNode processor, String where) {
        if (processor.isNull() || processor.isMissingNode()) {
            return;
        }
        String type = json.text(processor, where, "type");
        switch (type) {
            case "ByteLevel" -> {
                // It only trims the offsets of tokens, which this package does not report.
            }
            case "TemplateProcessing" -> readTemplate(processor, where);
            case "Sequence" -> {
                JsonNode parts = processor.path("processors");
                for (int i = 0; i < parts.size(); i++) {
                    readPostProcessor(parts.get(i), where + ".processors[" + i + "]");
                }
            }
            default -> throw unsupported(where + ".type '" + type + "'",
                    "must be 'ByteLevel', 'TemplateProcessing' or a 'Sequence' of them");
        }
    }

    private void readTemplate(JsonNode processor, String where) {
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        boolean textSeen = false;
        for (JsonNode part : processor.path("single")) {
            if (part.has("Sequence")) {
                String id = json.text(part.get("Sequence"), where + ".single[].Sequence", "id");
                if (!id.equals("A") || textSeen) {
                    throw unsupported(where + ".single with sequence '" + id + "'", "must hold sequence A once");
                }
                textSeen = true;
            } else {
                String token = json.text(part.path("SpecialToken"), where + ".single[].SpecialToken", "id");
                JsonNode ids = processor.path("special_tokens").path(token).path("ids");
                if (!ids.isArray()) {
                    throw json.refuse(where + ".special_tokens must have the ids of '" + token + "'");
                }
                for (JsonNode id : ids) {
                    (textSeen ? after : before).add(json.id(id, where + ".special_tokens['" + token + "'].ids"));
                }
            }
        }
        if (!textSeen) {
            throw json.refuse(where + ".single must hold sequence A once");
        }
        prefix.addAll(0, before); // a later processor of a Sequence goes around what the earlier ones made
        suffix.addAll(after);
    }

    private List<AddedToken> addedTokens() {
        List<AddedToken> tokens = new ArrayList<>();
        JsonNode entries = json.root().path("added_tokens");
        for (int i = 0; i < entries.size(); i++) {
            String where = "added_tokens[" + i + "]";
            int id = json.id(entries.get(i).path("id"), where + ".id");
            tokens.add(AddedTokens.read(json, entries.get(i), id, where));
        }
        return tokens;
    }

    /// The object `node` at `where` of `json`, tokens to ids, as a map.
    static Map<String, Integer> vocabulary(JsonSource json, JsonNode node, String where) {
        if (!node.isObject()) {
            throw json.refuse(where + " must be an object of tokens to ids, not " + JsonSource.kind(node));
        }
        Map<String, Integer> vocabulary = HashMap.newHashMap(node.size());
        node.properties().forEach(entry -> {
            int id = json.id(entry.getValue(), where + "['" + entry.getKey() + "']");
            vocabulary.put(entry.getKey(), id);
        });
        return vocabulary;
    }

    /// Merges as pairs of texts, or, in files of older versions, as two tokens with a space between.
    private List<TokenizerSpec.Merge> merges(JsonNode node) {
        if (!node.isArray()) {
            throw json.refuse("model.merges must be an array, not " + JsonSource.kind(node));
        }
        List<TokenizerSpec.Merge> merges = new ArrayList<>(node.size());
        for (JsonNode pair : node) {
            boolean isPair = pair.isArray() && pair.size() == 2 && pair.get(0).isTextual() && pair.get(1).isTextual();
            if (isPair) {
                merges.add(new TokenizerSpec.Merge(pair.get(0).textValue(), pair.get(1).textValue()));
                continue;
            }
            int space = pair.isTextual() ? pair.textValue().indexOf(' ') : -1;
            if (space < 0 || space != pair.textValue().lastIndexOf(' ')) {
                throw json.refuse("model.merges[" + merges.size() + "] must be two tokens, not "
                        + JsonSource.kind(pair));
            }
            String text = pair.textValue();
            merges.add(new TokenizerSpec.Merge(text.substring(0, space), text.substring(space + 1)));
        }
        return merges;
    }

    private TokenizerException unsupported(String what, String rule) {
        return json.refuse(what + " is not supported: " + rule);
    }
}
