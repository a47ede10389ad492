package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.flowrl.tensor.SharedData;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Random texts through the `tokenizers` library (Rust, 0.21 in DJL 0.38) and through ours, with the real vocabulary.
class TokenizerFuzzOracleTest {
    private static final int TEXTS = 100_000;
    private static final long SEED = 20_250_917;
    private static final int SHOWN = 5;

    /// Marks that canonical order or composition concerns in the JDK's Unicode 16 and not in the library's Unicode 9.
    private static final int YOUNG_MARKS = 120;
    /// Letters and vowel signs, other than these marks, that Unicode 16 composes with what follows and Unicode 9 does
    /// not, and what they make.
    private static final int YOUNG_BASES = 33;

    @TempDir
    static Path folder;
    private static HuggingFaceTokenizer theirs;
    private static Tokenizer ours;

    @BeforeAll
    static void load() throws IOException {
        Path data = SharedData.path("tokenizer").resolve("qwen2.5");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(data.resolve("tokenizer.json.gz")))) {
            Files.copy(in, folder.resolve("tokenizer.json"));
        }
        Files.copy(data.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
        ours = Tokenizer.load(folder);
        // DJL unpacks its native library there, and asks neither the network nor a card.
        System.setProperty("DJL_CACHE_DIR", folder.resolve("djl").toString());
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("RUST_FLAVOR", "cpu");
        try {
            theirs = HuggingFaceTokenizer.newInstance(folder, Map.of("truncation", "false", "padding", "false"));
        } catch (LinkageError | IllegalStateException e) {
            abort("the native tokenizers library cannot be loaded on this machine: " + e);
        }
    }

    @AfterAll
    static void close() {
        if (theirs != null) {
            theirs.close();
        }
    }

    @Test
    void randomTextsHaveTheIdsAndTextsOfTheRustLibrary() {
        int[] known = codePointsThatNormaliseAlike();
        List<String> addedTokens = List.of("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<tool_call>", "<|fim_pad|>");
        RandomTexts texts = new RandomTexts(SEED, known, addedTokens);
        List<String> different = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            String text = texts.next();
            int[] ids = ours.encode(text);
            long[] wide = Arrays.stream(ids).asLongStream().toArray();
            if (!Arrays.equals(wide, theirs.encode(text).getIds())
                    || !ours.decode(ids).equals(theirs.decode(wide, false))) {
                different.add(shown(text));
            }
        }
        assertThat(different.subList(0, Math.min(SHOWN, different.size()))).as("%d of %d texts", different.size(),
                TEXTS).isEmpty();
    }

    /// All assigned code points but those whose normalisation is younger than the library's; see the class doc of
    /// [Tokenizer].
    private static int[] codePointsThatNormaliseAlike() {
        int[] assigned = IntStream.rangeClosed(0, Character.MAX_CODE_POINT).filter(codePoint ->
                Character.isDefined(codePoint) && Character.getType(codePoint) != Character.SURROGATE).toArray();
        Set<Integer> youngMarks = new HashSet<>();
        Set<Integer> youngBases = new HashSet<>();
        for (int codePoint : assigned) {
            if (RandomTexts.isMark(codePoint) && !isOrderedAlike(codePoint)) {
                youngMarks.add(codePoint);
            }
        }
        for (int codePoint : assigned) {
            String whole = Character.toString(codePoint);
            String parts = Normalizer.normalize(whole, Normalizer.Form.NFD);
            if (!parts.equals(whole) && !isAlike(parts)) {
                IntStream.of(codePoint, parts.codePointAt(0)).filter(base -> !youngMarks.contains(base))
                        .forEach(youngBases::add);
            }
        }
        assertThat(youngMarks).hasSize(YOUNG_MARKS);
        assertThat(youngBases).hasSize(YOUNG_BASES);
        return IntStream.of(assigned).filter(codePoint -> !youngMarks.contains(codePoint)
                && !youngBases.contains(codePoint)).toArray();
    }

    /// Beside marks of classes 230 (U+0301), 220 (U+0316) and 1 (U+0338), on either side.
    private static boolean isOrderedAlike(int mark) {
        String text = Character.toString(mark);
        return isAlike("q\u0301" + text) && isAlike("q" + text + "\u0301") && isAlike("q\u0316" + text)
                && isAlike("q" + text + "\u0316") && isAlike("q\u0338" + text) && isAlike("q" + text + "\u0338");
    }

    private static boolean isAlike(String text) {
        return Arrays.equals(Arrays.stream(ours.encode(text)).asLongStream().toArray(),
                theirs.encode(text).getIds());
    }

    private static String shown(String text) {
        StringBuilder escaped = new StringBuilder(text).append("  ");
        text.codePoints().forEach(codePoint -> escaped.append(String.format(" %04X", codePoint)));
        return escaped.toString();
    }
}
