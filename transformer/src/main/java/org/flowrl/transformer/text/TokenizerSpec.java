package org.flowrl.transformer.text;

import java.text.Normalizer;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// Everything that a tokenizer is, as its files say it, checked and ready to encode and decode with.
final class TokenizerSpec {
    /// What the files say.
    ///
    /// @param source        the file or operation that errors name
    /// @param modelTokens   tokens in byte-level spelling to ids
    /// @param merges        pairs of tokens, by rank
    /// @param addedTokens   tokens matched before the split
    /// @param nfc           text is normalised to form C
    /// @param prefix        ids that encoding with special tokens puts before a text
    /// @param suffix        ids that it puts after
    /// @param specialTokens the tokens with a role
    record Source(String source, Map<String, Integer> modelTokens, List<Merge> merges, List<AddedToken> addedTokens,
                  boolean nfc, List<Integer> prefix, List<Integer> suffix, SpecialTokens specialTokens) {
    }

    /// Two tokens that become their concatenation where they are adjacent.
    record Merge(String left, String right) {
    }

    private final Vocabulary vocabulary;
    private final MergeTable merges;
    private final int[] byteIds = new int[256]; // −1 where the byte has no token
    private final AddedTokenSplitter rawTokens;
    private final AddedTokenSplitter normalizedTokens;
    private final boolean nfc;
    private final int[] prefix;
    private final int[] suffix;
    private final SpecialTokens specialTokens;

    /// @throws TokenizerException where the parts do not fit together: see [Vocabulary], and each side and the result
    ///         of a merge, each role and each id of prefix and suffix must be in the vocabulary, and no merge may occur
    ///         twice
    TokenizerSpec(Source source) {
        vocabulary = new Vocabulary(source.source, source.modelTokens, source.addedTokens);
        merges = mergeTable(source);
        for (int value = 0; value < byteIds.length; value++) {
            byteIds[value] = source.modelTokens.getOrDefault(String.valueOf(ByteAlphabet.character(value)), -1);
        }
        nfc = source.nfc;
        rawTokens = splitter(source, token -> !token.normalized(), UnaryOperator.identity());
        normalizedTokens = splitter(source, AddedToken::normalized,
                content -> nfc ? Normalizer.normalize(content, Normalizer.Form.NFC) : content);
        prefix = checkedIds(source, source.prefix);
        suffix = checkedIds(source, source.suffix);
        specialTokens = source.specialTokens;
        specialTokens.bos().ifPresent(token -> checkRole(source, "bos_token", token));
        specialTokens.eos().ifPresent(token -> checkRole(source, "eos_token", token));
        specialTokens.pad().ifPresent(token -> checkRole(source, "pad_token", token));
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    MergeTable merges() {
        return merges;
    }

    /// The id of the token of one byte, 0 to 255, or −1.
    int byteId(int value) {
        return byteIds[value];
    }

    /// Added tokens that are looked for in the text as given.
    AddedTokenSplitter rawTokens() {
        return rawTokens;
    }

    /// Added tokens that are looked for in the normalised text.
    AddedTokenSplitter normalizedTokens() {
        return normalizedTokens;
    }

    boolean nfc() {
        return nfc;
    }

    /// `ids` between the ids that the post-processor puts around a text.
    int[] surround(int[] ids) {
        if (prefix.length + suffix.length == 0) {
            return ids;
        }
        int[] surrounded = new int[prefix.length + ids.length + suffix.length];
        System.arraycopy(prefix, 0, surrounded, 0, prefix.length);
        System.arraycopy(ids, 0, surrounded, prefix.length, ids.length);
        System.arraycopy(suffix, 0, surrounded, prefix.length + ids.length, suffix.length);
        return surrounded;
    }

    SpecialTokens specialTokens() {
        return specialTokens;
    }

    private static AddedTokenSplitter splitter(Source source, Predicate<AddedToken> which, UnaryOperator<String> form) {
        return new AddedTokenSplitter(source.addedTokens.stream().filter(which).toList(), form);
    }

    private static MergeTable mergeTable(Source source) {
        MergeTable table = new MergeTable(source.merges.size());
        for (int rank = 0; rank < source.merges.size(); rank++) {
            Merge merge = source.merges.get(rank);
            Integer left = source.modelTokens.get(merge.left);
            Integer right = source.modelTokens.get(merge.right);
            Integer merged = source.modelTokens.get(merge.left + merge.right);
            if (left == null || right == null || merged == null) {
                String missing = left == null ? merge.left : right == null ? merge.right : merge.left + merge.right;
                throw new TokenizerException(source.source + ": merge " + rank + " ('" + merge.left + "' + '"
                        + merge.right + "'): token '" + missing + "' must be in the vocabulary");
            }
            if (!table.add(left, right, rank, merged)) {
                throw new TokenizerException(source.source + ": merge " + rank + " ('" + merge.left + "' + '"
                        + merge.right + "') must not occur twice");
            }
        }
        return table;
    }

    private int[] checkedIds(Source source, List<Integer> ids) {
        for (int id : ids) {
            if (vocabulary.token(id) == null) {
                throw new TokenizerException(source.source + ": post_processor: id " + id
                        + " must be that of a token");
            }
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    private void checkRole(Source source, String role, String token) {
        if (vocabulary.id(token) == null) {
            throw new TokenizerException(source.source + ": " + role + " '" + token + "' must be in the vocabulary");
        }
    }
}
