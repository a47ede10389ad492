package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    private static final String[] TINY_RUN = {"--steps", "2", "--set", "warmUp.steps=1", "--set", "warmUp.batch=2",
        "--set", "rollout.prompts=2", "--set", "rollout.samples=2"};

    @TempDir
    private Path folder;

    private final PrintStream standardOut = System.out;
    private final PrintStream standardErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void capture() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(standardOut);
        System.setErr(standardErr);
    }

    static Stream<Arguments> badCommandLines() {
        return Stream.of(
                Arguments.of("an unknown flag", 2, "--nonsense", List.of("train", "--nonsense")),
                Arguments.of("a misspelt flag", 2, "unknown option --stpes; did you mean --steps? (see flowrl train",
                        List.of("train", "--stpes", "3")),
                Arguments.of("a misspelt flag in place of a required one", 2, "unknown option --modle; did you mean "
                        + "--model? (see flowrl generate --help)", List.of("generate", "--modle", "x")),
                Arguments.of("a required flag that is missing", 2, "Missing required option: '--model=DIR'",
                        List.of("generate", "--prompt", "x")),
                Arguments.of("a folder in place of a file", 1, "error: cannot read @: it is a folder",
                        List.of("train", "--config", "@", "--out", "@/run")),
                Arguments.of("a file in place of a folder", 1, "error: train: @/bad.yaml/run cannot be made: ",
                        List.of("train", "--out", "@/bad.yaml/run")),
                Arguments.of("an unknown command", 2, "fly", List.of("fly")),
                Arguments.of("a misspelt command", 2, "command trian is unknown; did you mean train?",
                        List.of("trian")),
                Arguments.of("a number that is none", 2, "many", List.of("train", "--steps", "many")),
                Arguments.of("no steps", 1, "error: config: steps 0 must be",
                        List.of("train", "--steps", "0", "--out", "@/run")),
                Arguments.of("an unknown algorithm", 1, "algorithm magic is unknown; known: FlowRL flowrl, "
                        + "flowrl-paper, ",
                        List.of("train", "--algo", "magic", "--out", "@/run")),
                Arguments.of("a misspelt algorithm", 1, "algorithm gpro is unknown; did you mean grpo? known: FlowRL ",
                        List.of("train", "--algo", "gpro", "--out", "@/run")),
                Arguments.of("a misspelt task", 1, "preset latice is unknown; did you mean lattice? known: lattice, ",
                        List.of("train", "--preset", "latice", "--out", "@/run")),
                Arguments.of("a key of another record", 1, "--set learningRate is unknown; did you mean "
                        + "update.optimizer.learningRate? known: task, ",
                        List.of("train", "--set", "learningRate=1", "--out", "@/run")),
                Arguments.of("a key below a value", 1, "--set steps.many: steps has no keys of its own",
                        List.of("train", "--set", "steps.many=1", "--out", "@/run")),
                Arguments.of("a misspelt device", 1, "device refrence is unknown; did you mean reference? known: auto",
                        List.of("train", "--device", "refrence", "--out", "@/run")),
                Arguments.of("an unknown variant", 1, "known: paper, released-2025-09, recipe-2025-12",
                        List.of("train", "--variant", "magic", "--out", "@/run")),
                Arguments.of("a variant of another algorithm", 1, "not of grpo",
                        List.of("train", "--algo", "grpo", "--variant", "paper", "--out", "@/run")),
                Arguments.of("a variant as a label", 1, "--variant chooses a version",
                        List.of("train", "--set", "objective.variant=paper", "--out", "@/run")),
                Arguments.of("a comparison with an unknown algorithm", 1, "magic is unknown",
                        List.of("compare", "--algos", "flowrl,magic", "--out", "@/compared")),
                Arguments.of("a comparison on its validation seed", 1, "validationSeed 101 must not be among",
                        List.of("compare", "--seeds", "101", "--out", "@/compared")),
                Arguments.of("a comparison with an unknown key", 1, "--set update.optimizer.lernRate is unknown; did "
                        + "you mean update.optimizer.learningRate? known: learningRate, ",
                        List.of("compare", "--set", "update.optimizer.lernRate=1", "--out", "@/compared")),
                Arguments.of("a replay with other options", 1,
                        "only --out, --parallel, --device and --set gpu.KEY can be given",
                        List.of("compare", "--config", "@/comparison.yaml", "--quick")),
                Arguments.of("an ablation of chosen algorithms", 1, "--algos cannot be given beside it",
                        List.of("compare", "--ablation", "weight", "--algos", "flowrl")),
                Arguments.of("a comparison on problems of a file", 1, "comparison: task math trains a given model on "
                        + "problems of a file; what can be compared are the built-in tasks: lattice, lattice-12, ",
                        List.of("compare", "--task", "math", "--out", "@/compared")),
                Arguments.of("an unknown ablation", 2, "WEIGHT, LENGTH, BETA, LOGZ",
                        List.of("compare", "--ablation", "soul")),
                Arguments.of("an unknown preset", 1, "known: lattice",
                        List.of("train", "--preset", "chess", "--out", "@/run")),
                Arguments.of("an unknown key", 1, "known: learningRate, warmup, scheduleSteps, floor, adam, course (in "
                        + "update.optimizer)",
                        List.of("train", "--set", "update.optimizer.lernRate=1", "--out", "@/run")),
                Arguments.of("an unknown key of a card", 1, "--set gpu.bindings is unknown; did you mean "
                        + "gpu.binding? known: gpu.binding, gpu.graphs",
                        List.of("train", "--set", "gpu.bindings=ffm", "--out", "@/run")),
                Arguments.of("an unknown binding of a card", 1, "--set gpu.binding=rmi: must be ffm or jcuda",
                        List.of("train", "--set", "gpu.binding=rmi", "--out", "@/run")),
                Arguments.of("a value of the wrong type", 1,
                        "error: config: update.optimizer.learningRate: fast must be a double",
                        List.of("train", "--set", "update.optimizer.learningRate=fast", "--out", "@/run")),
                Arguments.of("a value out of bounds", 1,
                        "error: config: update.optimizer: learningRate NaN must be above 0 and finite",
                        List.of("train", "--set", "update.optimizer.learningRate=NaN", "--out", "@/run")),
                Arguments.of("a configuration that is none", 1, "bad.yaml: task: is missing",
                        List.of("train", "--config", "@/bad.yaml", "--out", "@/run")),
                Arguments.of("a missing configuration", 1, "/none.yaml: no such file or folder",
                        List.of("train", "--config", "@/none.yaml", "--out", "@/run")),
                Arguments.of("a run folder that holds something", 1, "error: train: @ is not empty; it has no "
                        + "checkpoint to resume from: remove it or name another folder",
                        List.of("train", "--out", "@")),
                Arguments.of("resuming nothing", 1, "/nothing holds no run",
                        List.of("train", "--resume", "--out", "@/nothing")),
                Arguments.of("resuming without a folder", 1, "--out", List.of("train", "--resume")),
                Arguments.of("an unknown device", 1, "is unknown",
                        List.of("train", "--device", "abacus", "--out", "@/run")),
                Arguments.of("programs in a task that has none", 1, "--allow-unconfined and --readable are for "
                        + "--preset math and code; task lattice runs no programs",
                        List.of("train", "--allow-unconfined", "--out", "@/run")),
                Arguments.of("a model folder that is not there", 1, "does not exist",
                        List.of("generate", "--model", "@/none", "--prompt", "x")),
                Arguments.of("no prompt", 1, "--prompt", List.of("generate", "--model", "@/none")),
                Arguments.of("a file that is not safetensors", 1, "lie.safetensors, byte 3",
                        List.of("inspect", "@/lie.safetensors")),
                Arguments.of("a plan for a memory of no size", 1, "--device-memory lots must be a number and a unit",
                        List.of("inspect", "--plan", "@/none", "--device-memory", "lots")),
                Arguments.of("supervised steps on nothing", 1, "sft: --batch 0 must be at least 1",
                        List.of("sft", "--model", "@/none", "--data", "@/bad.jsonl", "--out", "@/tuned", "--batch",
                                "0")),
                Arguments.of("a supervised line that is not JSON", 1, "line 2",
                        List.of("sft", "--model", "@/model", "--data", "@/bad.jsonl", "--out", "@/tuned")),
                Arguments.of("a key that supervised tuning has not", 1, "--set update.miniBatches is unknown; "
                        + "known: update.optimizer.adam.beta1, ", sft("update.miniBatches=2")),
                Arguments.of("a key of the optimizer that is none", 1, "update.optimizer.adam.moment is unknown; did "
                        + "you mean update.optimizer.adam.moments?",
                        sft("update.optimizer.adam.moment=BF16")),
                Arguments.of("moments of a type that they cannot have", 1, "--set: AdamW: moments F16 must be F32 or "
                        + "BF16", sft("update.optimizer.adam.moments=F16")));
    }

    private static List<String> sft(String setting) {
        return List.of("sft", "--model", "@/none", "--data", "@/none", "--out", "@/tuned", "--set", setting);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badCommandLines")
    void whatIsWrongIsSaidInOneLineAndNothingIsWritten(String what, int code, String message, List<String> arguments)
            throws IOException {
        Files.writeString(folder.resolve("bad.yaml"), "steps: 3\n");
        Files.write(folder.resolve("lie.safetensors"), new byte[] {1, 2, 3});
        Files.writeString(folder.resolve("bad.jsonl"), "{\"prompt\": \"<bos>26<sep>\", \"response\": \"RRUUUUUU\"}\n{");
        if (arguments.contains("@/model")) {
            assertThat(run("train", "--out", "@/trained")).isZero();
            Files.move(folder.resolve("trained/checkpoints/step-2"), folder.resolve("model"));
        }
        List<String> before = files();
        out.reset();
        err.reset();

        assertThat(Main.run(arguments.stream().map(this::inFolder).toArray(String[]::new))).isEqualTo(code);
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).singleElement().asString().startsWith("error: ")
                .contains(inFolder(message));
        assertThat(out.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void aModelIsTrainedInspectedAndSampledFrom() {
        assertThat(run("train", "--out", "@/run")).isZero();
        String model = "@/run/checkpoints/step-2";
        assertThat(Main.run("inspect", inFolder(model))).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("model.embed_tokens.weight", "elements");
        out.reset();
        assertThat(Main.run("generate", "--model", inFolder(model), "--prompt", "<bos>26<sep>", "--samples", "3"))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8).lines()).hasSize(3)
                .allMatch(line -> line.matches("0\t[012]\t.*"));
    }

    @Test
    void adaptersAreTrainedInspectedAndSampledFrom() throws IOException {
        assertThat(run("train", "--out", "@/run", "--set", "lora.rank=2", "--dtype", "BF16")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("lora: rank 2, alpha 32, on every linear map: ",
                " parameters are trained, ");
        String model = "@/run/checkpoints/step-2";
        out.reset();
        assertThat(Main.run("inspect", inFolder(model))).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("adapters of " + inFolder("@/run/reference"),
                "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
        out.reset();
        assertThat(Main.run("inspect", inFolder(model), "--plan", "--device", "cuda", "--dtype", "BF16")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("adapters of " + inFolder("@/run/reference"),
                "on a CUDA card, lora rank 2, alpha 32, on every linear map", "adapters: weights, F32",
                "frozen model: packed copies, BF16", "sampling: recorded steps of a full batch");
        out.reset();
        assertThat(Main.run("generate", "--model", inFolder(model), "--prompt", "<bos>26<sep>", "--samples", "3",
                "--dtype", "BF16")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8).lines()).hasSize(3)
                .allMatch(line -> line.matches("0\t[012]\t.*"));

        Files.writeString(folder.resolve("data.jsonl"), "{\"text\": \"<bos>62<sep>RRRRRRUU\"}");
        assertRefused("sft: " + inFolder(model) + " holds adapters", "sft", "--model", model, "--data",
                "@/data.jsonl", "--out", "@/tuned");
        Files.move(folder.resolve("run/reference"), folder.resolve("run/elsewhere"));
        assertRefused("must be the folder of the base model on this machine", "generate", "--model", model, "--prompt",
                "x");
    }

    @Test
    void problemsThatAModelCannotBeToldAreRefusedBeforeAnythingIsSaidOrWritten() throws IOException {
        SmallFolder.write(folder.resolve("model"), 3, 2, Tokenizer.ofAlphabet(List.of(), List.of("1", "+", "<")));
        Files.writeString(folder.resolve("sums.jsonl"), "{\"problem\": \"1+1?\", \"answer\": \"2\"}\n");
        out.reset();
        assertRefused("train: task math, problem sums.jsonl-1: cannot be told to "
                + inFolder("@/model") + ", whose tokenizer has 3 tokens: encode: character '?' (U+003F) has no token: "
                + "byte 0x3f ('?') must be in the vocabulary, since there is no unknown token; --model must name a "
                + "model that speaks the language of the problems", "train", "--preset", "math", "--model", "@/model",
                "--data", "@/sums.jsonl", "--set", "data.form=plain", "--set", "data.prompt=problem", "--set",
                "data.answer=answer", "--out", "@/run");
        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("error: ");
        assertThat(out.size()).isZero();
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void whatProgramsMayReadReachesTheGraderOfARun() throws IOException {
        SmallFolder.write(folder.resolve("model"));
        assertRefused("runner command [/bin/sh, {file}]: readable /nowhere must be a file or folder that exists",
                "train", "--preset", "code", "--model", "@/model", "--data", "@/none.jsonl", "--reward",
                "run:/bin/sh {file}", "--readable", "/nowhere", "--out", "@/run");
        assertThat(folder.resolve("run")).doesNotExist();
    }

    private void assertRefused(String message, String... command) {
        err.reset();
        assertThat(Main.run(Arrays.stream(command).map(this::inFolder).toArray(String[]::new))).isOne();
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).singleElement().asString().startsWith("error: ")
                .contains(message);
    }

    /// A folder lies where a file is to be written at the end, as good as a full disk.
    @Test
    void aRunThatCannotWriteSaysHowToGoOn() throws IOException {
        assertThat(run("train", "--out", "@/run")).isZero();
        Path csv = folder.resolve("run/metrics.csv");
        Files.delete(csv);
        Files.createDirectories(csv.resolve("inside"));
        err.reset();
        assertThat(Main.run("train", "--resume", "--out", inFolder("@/run"), "--steps", "3")).isOne();
        assertThat(err.toString(StandardCharsets.UTF_8).lines().toList().getLast()).isEqualTo("error: cannot write "
                + csv + ": it is a folder; train --resume --out " + folder.resolve("run") + " goes on after step 3");
    }

    @Test
    void aComparisonWritesItsTablesAndItsPage() {
        assertThat(run("compare", "--algos", "flowrl", "--seeds", "1,2", "--learning-rates", "1e-3", "--out",
                "@/compared")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("[2/2] ", "flowrl ", "2 of 2", "report.html");
        assertThat(folder.resolve("compared").toFile().list()).containsExactlyInAnyOrder("comparison.yaml", "cells",
                "cells.csv", "curves.csv", "table.md", "report.html", ".lock");
    }

    @Test
    void aVariantOfFlowRlIsChosenByName() throws IOException {
        assertThat(run("train", "--variant", "paper", "--out", "@/run")).isZero();
        assertThat(Files.readString(folder.resolve("run/config.yaml"))).contains("variant: paper", "kind: clip",
                "promptStates: ALL");
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16"})
    void supervisedTuningLowersTheLoss(String moments) throws IOException {
        assertThat(run("train", "--out", "@/run")).isZero();
        Files.writeString(folder.resolve("data.jsonl"), """
                {"prompt": "<bos>26<sep>", "response": "RRUUUUUU"}
                {"text": "<bos>62<sep>RRRRRRUU"}
                """);
        out.reset();
        assertThat(Main.run("sft", "--model", inFolder("@/run/checkpoints/step-2"), "--data",
                inFolder("@/data.jsonl"), "--out", inFolder("@/tuned"), "--steps", "20", "--learning-rate", "1e-3",
                "--set", "update.optimizer.adam.moments=" + moments)).isZero();
        double[] losses = out.toString(StandardCharsets.UTF_8).lines().filter(line -> line.startsWith("step "))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll(".*loss ([0-9.]+) .*", "$1"))).toArray();
        assertThat(losses).hasSize(20);
        assertThat(losses[19]).isLessThan(losses[0]);
        assertThat(Main.run("inspect", inFolder("@/tuned"))).isZero();
    }

    private int run(String command, String... more) {
        return Main.run(Stream.of(Stream.of(command), Arrays.stream(TINY_RUN), Arrays.stream(more)).flatMap(s -> s)
                .map(this::inFolder).toArray(String[]::new));
    }

    private String inFolder(String argument) {
        return argument.replaceFirst("@(?=[/: ]|$)", folder.toString());
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(Path::toString).sorted().toList();
        }
    }
}
