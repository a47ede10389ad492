package org.flowrl.transformer.text;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/// Text to token ids and back, by the byte-level BPE of Qwen2, Qwen2.5, Qwen3 and DeepSeek-R1-Distill-Qwen.
///
/// ```java
/// Tokenizer tokenizer = Tokenizer.load(Path.of("Qwen2.5-0.5B"));
/// int[] ids = tokenizer.encode("1 + 1 = ");
/// String text = tokenizer.decode(ids);
/// ```
///
/// Ids and texts equal those of the `tokenizers` library (Rust), with these differences: a byte without a token is an
/// error here and is dropped there; a lone surrogate is an error; canonical order and composition are those of the
/// running JDK's Unicode, and of Unicode 9 in that library's normaliser (as of Unicode 16 this concerns 120 combining
/// marks, and 33 letters and vowel signs where one of a few signs follows). Immutable, and safe to use from many
/// threads.
public final class Tokenizer {
    private final TokenizerFiles files;
    private final TokenizerSpec spec;
    /// Encoders at rest; a thread takes one or makes one, so calls neither wait nor share scratch memory.
    private final BlockingQueue<TextEncoder> idleEncoders;

    private Tokenizer(TokenizerFiles files) {
        this.files = files;
        this.spec = files.parse();
        this.idleEncoders = new ArrayBlockingQueue<>(Runtime.getRuntime().availableProcessors());
    }

    /// The tokenizer of a Hugging Face model folder: `tokenizer.json` where there is one, otherwise `vocab.json`,
    /// `merges.txt` and `tokenizer_config.json` of class Qwen2Tokenizer.
    ///
    /// Beside `tokenizer.json`, `tokenizer_config.json` (then `special_tokens_map.json`) names the bos, eos and pad
    /// tokens, and adds the entries of `added_tokens_decoder` that `tokenizer.json` lacks. Whether encoding adds a bos
    /// token is `tokenizer.json`'s post-processor's to say; without the file it is `add_bos_token`'s.
    ///
    /// @throws TokenizerException where a file is missing, is not JSON (naming line and column), breaks a rule, or asks
    ///         for a model, normalizer, pre-tokenizer, post-processor or decoder that this class does not do
    /// @throws java.io.UncheckedIOException where a file cannot be read
    public static Tokenizer load(Path folder) {
        return new Tokenizer(TokenizerFiles.read(folder));
    }

    /// Whether a folder has a vocabulary of tokens, of which {@link #load} makes a tokenizer, or says what is missing.
    public static boolean isIn(Path folder) {
        return TokenizerFiles.haveVocabulary(folder);
    }

    /// A tokenizer for small built-in tasks in which the tokens `<bos>`, `<eos>` and `<pad>`, where `specialTokens` has
    /// them, play these roles; otherwise as [#ofAlphabet(List, List, SpecialTokens)].
    public static Tokenizer ofAlphabet(List<String> specialTokens, List<String> symbols) {
        return ofAlphabet(specialTokens, symbols, SpecialTokens.named(specialTokens));
    }

    /// A tokenizer for small built-in tasks: one id for each special token in order, then one for each symbol in order.
    /// Text with any other character cannot be encoded. Encoding adds no tokens of its own.
    ///
    /// @param specialTokens control tokens, matched anywhere in a text; not empty, each once
    /// @param symbols       single ASCII characters, each once
    /// @param roles         which of the tokens begin and end a sequence and fill a batch; recorded in
    ///                      `tokenizer_config.json`
    /// @throws TokenizerException where an argument breaks these rules
    public static Tokenizer ofAlphabet(List<String> specialTokens, List<String> symbols, SpecialTokens roles) {
        return new Tokenizer(AlphabetFiles.of(specialTokens, symbols, roles));
    }

    /// Writes the tokenizer's files into `folder`, which is created where absent: byte for byte the files it was loaded
    /// from, `chat_template.jinja` included, or those that [#ofAlphabet(List, List)] made. [#load] of the folder
    /// gives an equal tokenizer, and so does Transformers.
    ///
    /// @throws TokenizerException where the folder already has a tokenizer file that would not be overwritten
    /// @throws java.io.UncheckedIOException where a file cannot be written
    public void save(Path folder) {
        files.write(folder);
    }

    /// The ids of `text`, with the special tokens around it that the tokenizer's post-processor asks for: a bos token
    /// in DeepSeek-R1-Distill-Qwen, none in Qwen.
    ///
    /// Added tokens that occur in the text, special ones included, become their ids.
    ///
    /// @throws TokenizerException where a character has no token, or is half a surrogate pair
    public int[] encode(String text) {
        return encode(text, true);
    }

    /// The ids of `text`; the post-processor's special tokens are put around it where `addSpecialTokens` is true.
    ///
    /// @throws TokenizerException as [#encode(String)]
    public int[] encode(String text, boolean addSpecialTokens) {
        TextEncoder idle = idleEncoders.poll();
        TextEncoder encoder = idle == null ? new TextEncoder(spec) : idle;
        int[] ids = encoder.encode(text);
        if (encoder.isWorthKeeping()) {
            idleEncoders.offer(encoder);
        }
        return addSpecialTokens ? spec.surround(ids) : ids;
    }

    /// The text of `ids`, special tokens included.
    ///
    /// @throws TokenizerException as [#decode(int[], boolean)]
    public String decode(int[] ids) {
        return decode(ids, false);
    }

    /// The text of `ids`, without special tokens where `skipSpecial` is true.
    ///
    /// Bytes that form no character become U+FFFD, one for each maximal ill-formed part. An id without a token, such as
    /// those with which a model's vocabulary is padded, has no text. Nothing else is changed: Transformers'
    /// `clean_up_tokenization_spaces` is not applied.
    ///
    /// @throws TokenizerException where an id is negative
    public String decode(int[] ids, boolean skipSpecial) {
        return streamingDecoder(skipSpecial).decodeAll(ids);
    }

    /// A decoder that turns ids into text one by one as they are sampled.
    public StreamingDecoder streamingDecoder(boolean skipSpecial) {
        return new StreamingDecoder(spec.vocabulary(), skipSpecial);
    }

    /// The largest id plus one, added tokens included: the least number of rows that the model's embedding must have.
    public int vocabSize() {
        return spec.vocabulary().size();
    }

    /// The id of `token`: an added token's content, or a model token in byte-level spelling (`Ġthe` for ` the`).
    public OptionalInt id(String token) {
        Integer id = spec.vocabulary().id(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /// The token of `id`, spelled as [#id] takes it.
    ///
    /// @throws TokenizerException where `id` has no token
    public String token(int id) {
        String token = spec.vocabulary().token(id);
        if (token == null) {
            throw new TokenizerException("token: id " + id + " must be that of a token; ids lie in [0, "
                    + vocabSize() + ")");
        }
        return token;
    }

    /// Whether `id` is a control token, which decoding with `skipSpecial` leaves out.
    public boolean isSpecial(int id) {
        return spec.vocabulary().isSpecial(id);
    }

    /// The tokens with a role.
    public SpecialTokens specialTokens() {
        return spec.specialTokens();
    }

    /// The id of the token that begins a sequence, where the tokenizer names one.
    public OptionalInt bosTokenId() {
        return id(specialTokens().bos());
    }

    /// The id of the token that ends a sequence, where the tokenizer names one. A model's `generation_config.json` may
    /// name further ids that end a generation.
    public OptionalInt eosTokenId() {
        return id(specialTokens().eos());
    }

    /// The id of the token that fills a batch's shorter rows, where the tokenizer names one.
    public OptionalInt padTokenId() {
        return id(specialTokens().pad());
    }

    /// The folder's chat template, read anew on each call; empty where it has none.
    ///
    /// @throws TokenizerException where it is stored otherwise than as a text, or a list of named texts
    /// @throws org.flowrl.transformer.text.jinja.JinjaException where it breaks a rule of the language, or asks for
    ///         what is not supported
    public Optional<ChatTemplate> chatTemplate() {
        return files.chatTemplate();
    }

    private OptionalInt id(Optional<String> token) {
        return token.isEmpty() ? OptionalInt.empty() : id(token.get());
    }
}
