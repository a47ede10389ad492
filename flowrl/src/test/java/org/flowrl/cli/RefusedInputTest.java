package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.Safetensors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Each command with each kind of input that it cannot use: one line on stderr, nothing on stdout, nothing written.
/// What is good lies in `@`: `model`, `rows.jsonl`, `texts.jsonl`, `in.safetensors`; what is not, beside it.
class RefusedInputTest {
    private static final String SFT = "sft --model @/model --data @/texts.jsonl --out @/new --batch 1 --steps 1 ";
    private static final String EVAL = "eval --model @/model --data @/rows.jsonl --benchmark aime24 --out @/new "
            + "--max-tokens 2 --samples 1 ";
    private static final String GENERATE = "generate --model @/model --max-tokens 2 ";
    private static final String FORWARD = "forward --model @/model --input @/in.safetensors --output @/new ";
    private static final String MATH = "train --preset math --model @/model --data @/rows.jsonl --out @/new ";

    /// A command line, and what its message holds.
    static final List<String> LINES = List.of(
            SFT + "--model @/none | @/none: does not exist",
            SFT + "--model @/file | @/file: is not a folder",
            SFT + "--model @/torn | model.safetensors, byte ",
            SFT + "--model @/wordless | it must have tokenizer.json",
            SFT + "--data @/none | cannot read @/none: no such file or folder",
            SFT + "--data @/model | cannot read @/model: it is a folder",
            SFT + "--data @/broken.jsonl | broken.jsonl, line 2",
            SFT + "--data @/rows.jsonl | must hold strings \"prompt\" and \"response\"",
            SFT + "--out @/model | sft: --out @/model exists",
            SFT + "--out @/file/new | sft: --out @/file/new cannot be made: @/file is a file",
            SFT + "--max-length 1 | at most 1 tokens",
            SFT + "--learning-rate -1 | learningRate -1.0 must be above 0",
            EVAL + "--model @/none | @/none: does not exist",
            EVAL + "--model @/torn | model.safetensors, byte ",
            EVAL + "--model @/wordless | it must have tokenizer.json",
            EVAL + "--data @/none.jsonl | @/none.jsonl: no such file or folder",
            EVAL + "--data @/broken.jsonl | broken.jsonl, line 2",
            EVAL + "--data @/texts.jsonl | texts.jsonl, line 1",
            EVAL + "--out @/file | eval: --out @/file exists",
            EVAL + "--out @/file/new | cannot be made: @/file is a file",
            EVAL + "--benchmark aime23 | aime23 is unknown",
            EVAL + "--grader magic | magic is unknown",
            EVAL + "--form magic | magic is unknown",
            EVAL + "--max-tokens 4096 | must not exceed max_position_embeddings 4096",
            EVAL + "--samples 0 | samples 0",
            GENERATE + "--prompt x --model @/none | @/none: does not exist",
            GENERATE + "--prompt x --model @/torn | model.safetensors, byte ",
            GENERATE + "--prompt x --model @/wordless | it must have tokenizer.json",
            GENERATE + "--prompt x --max-tokens 9999 | must not exceed max_position_embeddings 4096",
            GENERATE + "--prompt x --samples 0 | samples 0 must be at least 1",
            GENERATE + "--prompt x --form magic | magic is unknown",
            GENERATE + "--prompt x --chat | has no chat template",
            GENERATE + "--prompt x --top-p 2 | topP 2.0 must be in (0, 1]",
            GENERATE + "--input @/none | cannot read prompts in @/none: no such file or folder",
            GENERATE + "--input @/model | cannot read prompts in @/model: it is a folder",
            GENERATE + "| generate: give --prompt or --input",
            FORWARD + "--model @/none | @/none: does not exist",
            FORWARD + "--model @/torn | model.safetensors, byte ",
            FORWARD + "--input @/none | cannot read @/none: no such file or folder",
            FORWARD + "--input @/torn/model.safetensors | model.safetensors, byte ",
            FORWARD + "--input @/model/model.safetensors | has no tensor 'input_ids'",
            FORWARD + "--input @/wide.safetensors | holds 999, the model's vocabulary has 257 words",
            FORWARD + "--output @/model | forward: --output @/model is a folder",
            FORWARD + "--output @/file/new | cannot be made: @/file is a file",
            MATH + "--model @/none | @/none: does not exist",
            MATH + "--model @/wordless | it must have tokenizer.json",
            MATH + "--model @/torn | model.safetensors, byte ",
            MATH + "--data @/none.jsonl | @/none.jsonl: no such file or folder",
            MATH + "--data @/broken.jsonl | broken.jsonl, line 2",
            MATH + "--out @/model | train: @/model is not empty",
            MATH + "--out @/file | train: @/file cannot be made: @/file is a file",
            "train --resume --out @/model | @/model holds no run: it has no config.yaml",
            "train --model @/model --out @/new | does not speak the vocabulary of task lattice",
            "compare --quick --out @/file | compare: --out @/file cannot be made: @/file is a file",
            "compare --quick --parallel 0 --out @/new | 0 runs at a time must be at least 1",
            "compare --config @/none | cannot read @/none: no such file or folder",
            "compare --config @/texts.jsonl | @/texts.jsonl: ",
            "score --grader magic @/rows.jsonl | magic is unknown",
            "score --grader dapo @/none | cannot read @/none: no such file or folder",
            "score --grader dapo @/model | cannot read @/model: it is a folder",
            "score --grader dapo @/rows.jsonl | must have a \"gold\"",
            "tokenize --model @/none | tokenizer: @/none must be a folder",
            "tokenize --model @/model @/none | cannot read @/none: no such file or folder",
            "tokenize --model @/model --format jsonl @/broken.txt | broken.txt, line 1",
            "tokenize --model @/model --decode @/broken.txt | 'x' must be an id",
            "inspect @/none | @/none: no such file or folder",
            "inspect @/file | @/file, byte 3",
            "inspect @/torn | model.safetensors, byte ",
            "inspect @/torn/model.safetensors | model.safetensors, byte ",
            "inspect @/wrong | tensor model.embed_tokens.weight has shape",
            "inspect --plan @/none | @/none: no such file or folder",
            "inspect --plan @/rows.jsonl | @/rows.jsonl: ",
            "inspect --plan @/model --program magic | --program magic must be generate, train or sft",
            "inspect --plan @/model --set magic=1 | --set magic is unknown",
            "inspect --plan @/model --response-tokens 9999 | 9999",
            "toy --out @/model | toy: --out @/model is a folder",
            "toy --out @/file/toy.svg | cannot be made: @/file is a file",
            "toy --steps 0 --out @/new | steps 0 must be at least 1",
            "toy --out /dev/null | toy: --out /dev/null: it is a device or a pipe; it must be a file or not exist",
            "doctor --threads 0 | --threads 0 must be at least 1",
            "train --dashboard 99999 --out @/new | dashboard: port 99999 must be in 0 to 65535",
            "devices --magic | unknown option --magic (see flowrl devices --help)",
            "trian | command trian is unknown; did you mean train? known: train, compare, toy, sft, eval, score, "
                    + "generate, forward, tokenize, inspect, devices, doctor (see flowrl --help)",
            "train lattice | argument lattice belongs to no option (see flowrl train --help)",
            "train --steps x | --steps x must be a whole number below 2^63 (see flowrl train --help)",
            GENERATE + "--prompt x --samples 99999999999 | --samples 99999999999 must be a whole number below 2^31 "
                    + "(see flowrl generate --help)",
            "compare --learning-rates 1e-3,x | --learning-rates x must be a number (see flowrl compare --help)",
            "compare --ablation z | --ablation z must be one of WEIGHT, LENGTH, BETA, LOGZ "
                    + "(see flowrl compare --help)");

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        SmallFolder.write(folder.resolve("model"));
        Files.writeString(folder.resolve("model/tokenizer_config.json"), "{\"eos_token\": \"<|end|>\"}");
        Files.writeString(folder.resolve("rows.jsonl"), "{\"problem\": \"1 + 1?\", \"answer\": \"2\"}\n");
        Files.writeString(folder.resolve("texts.jsonl"), "{\"text\": \"abc\"}\n");
        Files.writeString(folder.resolve("broken.jsonl"),
                "{\"text\": \"abc\", \"problem\": \"1 + 1?\", \"answer\": \"2\"}\n{");
        Files.writeString(folder.resolve("broken.txt"), "x\n");
        Files.writeString(folder.resolve("file"), "abc");
        copy("torn");
        byte[] weights = Files.readAllBytes(folder.resolve("model/model.safetensors"));
        Files.write(folder.resolve("torn/model.safetensors"), Arrays.copyOf(weights, weights.length - 1));
        copy("wordless");
        Files.delete(folder.resolve("wordless/tokenizer.json"));
        copy("wrong");
        Path config = folder.resolve("wrong/config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("(\"vocab_size\" *: *)257", "$1258"));
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("ids", memory)) {
            ids(scope, "in.safetensors", 1);
            ids(scope, "wide.safetensors", 999);
        }
    }

    @ParameterizedTest
    @FieldSource("LINES")
    void isRefusedInOneLineBeforeAnythingIsSaidOrWritten(String line) throws IOException {
        String[] parts = line.split("\\|");
        List<String> before = files();
        CapturedRun run = CapturedRun.of("", arguments(inFolder(parts[0].strip())));

        assertThat(run.err().lines()).singleElement().asString().startsWith("error: ").contains(inFolder(parts[1]
                .strip()));
        assertThat(run.out()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(parts[1].contains("--help") ? 2 : 1);
        assertThat(files()).isEqualTo(before);
    }

    /// The words of a line, in which a later `--option value` stands for an earlier one.
    private static String[] arguments(String line) {
        List<String> words = new ArrayList<>();
        for (String word : line.split(" +(?=--)")) {
            words.removeIf(earlier -> word.startsWith("--") && earlier.split(" ")[0].equals(word.split(" ")[0]));
            words.add(word);
        }
        return String.join(" ", words).split(" +");
    }

    private void copy(String name) throws IOException {
        Files.createDirectory(folder.resolve(name));
        try (Stream<Path> files = Files.list(folder.resolve("model"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(name).resolve(file.getFileName()));
            }
        }
    }

    private void ids(Scope scope, String name, long last) {
        Tensor ids = scope.allocate(DType.I64, 1, 2);
        ids.segment().set(ValueLayout.JAVA_LONG, 0, 0);
        ids.segment().set(ValueLayout.JAVA_LONG, 8, last);
        Safetensors.write(folder.resolve(name), Map.of("input_ids", ids), Map.of());
    }

    private String inFolder(String text) {
        return text.replace("@", folder.toString());
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(Path::toString).sorted().toList();
        }
    }
}
