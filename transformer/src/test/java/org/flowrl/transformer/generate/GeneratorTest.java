package org.flowrl.transformer.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Head;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.transformer.KvCache;
import org.flowrl.transformer.ModelFixture;
import org.flowrl.transformer.PackedSequences;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.TinyConfigs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GeneratorTest {
    private static final RandomKey KEY = RandomKey.of(5).fold("sampling");
    private static final SamplingLaw LAW = SamplingLaw.ofTemperature(0.8);
    private static final int NEW_TOKENS = 20;
    private static final int SAMPLES = 3;

    static Stream<Arguments> models() {
        return ModelFixture.backends().flatMap(backend -> TinyConfigs.all().stream()
                .map(config -> Arguments.of(config, backend)));
    }

    private static ModelFixture fixture(QwenConfig config, String backend) {
        return ModelFixture.random(config, backend, 2, DType.F32, 21);
    }

    private static List<int[]> prompts(QwenConfig config) {
        return ModelFixture.sequences(config, 22, 3, 16, 1, 30);
    }

    private static List<Completion> generate(ModelFixture fixture, Limits limits, List<int[]> prompts, int samples) {
        return new Generator(fixture.model(), fixture.backend(), fixture.scope(), limits)
                .generate(prompts, samples, LAW, NEW_TOKENS, Set.of(1), KEY);
    }

    private static void assertSame(List<Completion> actual, List<Completion> expected) {
        assertThat(actual).usingRecursiveComparison().isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("models")
    void sampledLogProbsAreBitForBitThoseOfTheTrainingForward(QwenConfig config, String backend) {
        try (ModelFixture fixture = fixture(config, backend)) {
            List<int[]> prompts = prompts(config);
            List<Completion> completions = generate(fixture, Limits.defaults(), prompts, SAMPLES);
            List<int[]> whole = completions.stream().map(completion ->
                    IntStream.concat(IntStream.of(prompts.get(completion.prompt())),
                            IntStream.of(completion.tokens())).toArray()).toList();
            try (Tape tape = Tape.recording(fixture.backend(), fixture.scope())) {
                Var hidden = fixture.model().forward(tape, PackedSequences.of(tape.scope(), whole),
                        Qwen.Activations.RECOMPUTED);
                int[] next = whole.stream().flatMapToInt(ids ->
                        IntStream.range(0, ids.length).map(t -> t + 1 < ids.length ? ids[t + 1] : 0)).toArray();
                float[] logProbs = Head.logProbs(hidden, fixture.model().head(), tape.scope().of(next, next.length),
                        LAW.temperature()).logProb().value().toFloats();
                int start = 0;
                for (Completion completion : completions) {
                    int first = start + prompts.get(completion.prompt()).length - 1;
                    assertThat(completion.logProbs())
                            .isEqualTo(Arrays.copyOfRange(logProbs, first, first + completion.tokens().length));
                    start = first + 1 + completion.tokens().length;
                }
            }
        }
    }

    /// Rows of 1 and 2 split a prompt's samples, 7 tokens cut prompts into parts, the last limit holds one sample only.
    @ParameterizedTest
    @MethodSource("models")
    void limitsChangeNothing(QwenConfig config, String backend) {
        try (ModelFixture fixture = fixture(config, backend)) {
            List<int[]> prompts = prompts(config);
            List<Completion> expected = generate(fixture, Limits.defaults(), prompts, SAMPLES);
            long page = KvCache.bytes(config, DType.F32, 1);
            long oneSample = page * (2 + 3); // 30 prompt tokens, up to 49 in all of which 16 are shared
            for (Limits limits : List.of(new Limits(1, 2048, 1 << 30), new Limits(2, 7, 1 << 30),
                    new Limits(512, 16, 9 * page), new Limits(512, 2048, oneSample))) {
                assertSame(generate(fixture, limits, prompts, SAMPLES), expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void aSampleDoesNotDependOnOthers(QwenConfig config, String backend) {
        try (ModelFixture fixture = fixture(config, backend)) {
            List<int[]> prompts = prompts(config);
            List<Completion> expected = generate(fixture, Limits.defaults(), prompts, SAMPLES);
            assertSame(generate(fixture, Limits.defaults(), prompts.subList(0, 2), SAMPLES), expected.subList(0, 6));
            List<Completion> single = generate(fixture, Limits.defaults(), prompts, 1);
            assertSame(single, IntStream.range(0, prompts.size()).mapToObj(i -> expected.get(SAMPLES * i)).toList());
        }
    }

    @Test
    void completionsAreOrderedAndEndAtAnEndTokenOrTheLimit() {
        QwenConfig config = TinyConfigs.qwen2();
        try (ModelFixture fixture = fixture(config, "reference")) {
            List<Completion> completions = generate(fixture, Limits.defaults(), prompts(config), 40);
            for (int i = 0; i < completions.size(); i++) {
                Completion completion = completions.get(i);
                int length = completion.tokens().length;
                assertThat(completion.prompt()).isEqualTo(i / 40);
                assertThat(completion.sample()).isEqualTo(i % 40);
                assertThat(completion.logProbs()).hasSize(length);
                assertThat(Arrays.stream(completion.tokens(), 0, length - 1)).doesNotContain(1);
                assertThat(completion.finished()).isEqualTo(completion.tokens()[length - 1] == 1);
                assertThat(completion.finished() || length == NEW_TOKENS).isTrue();
            }
            assertThat(completions).anyMatch(Completion::finished).anyMatch(completion -> !completion.finished());
        }
    }

    /// Four standard deviations of a share of 4,000 draws: 4 · sqrt(p · (1 − p) / 4000).
    @Test
    void firstTokensFollowTheModelsDistribution() {
        QwenConfig config = TinyConfigs.qwen2();
        try (ModelFixture fixture = fixture(config, "reference")) {
            List<Completion> drawn = new Generator(fixture.model(), fixture.backend(), fixture.scope())
                    .generate(List.of(new int[] {4, 9}), 4000, SamplingLaw.ofTemperature(1), 1, Set.of(), KEY);
            double[] counts = new double[config.vocabSize()];
            double[] probabilities = new double[config.vocabSize()];
            for (Completion completion : drawn) {
                counts[completion.tokens()[0]]++;
                probabilities[completion.tokens()[0]] = Math.exp(completion.logProbs()[0]);
            }
            for (int v = 0; v < counts.length; v++) {
                double p = probabilities[v];
                assertThat(Math.abs(counts[v] / 4000 - p)).isLessThanOrEqualTo(4 * Math.sqrt(p * (1 - p) / 4000));
            }
        }
    }

    @Test
    void aListenerHearsEveryTokenInOrder() {
        QwenConfig config = TinyConfigs.qwen3();
        try (ModelFixture fixture = fixture(config, "reference")) {
            List<int[]> prompts = prompts(config);
            List<List<Integer>> heard = new ArrayList<>();
            IntStream.range(0, prompts.size() * SAMPLES).forEach(i -> heard.add(new ArrayList<>()));
            List<Completion> completions = new Generator(fixture.model(), fixture.backend(), fixture.scope())
                    .generate(prompts, SAMPLES, LAW, NEW_TOKENS, Set.of(1, 3), KEY,
                            (prompt, sample, token, logProb) -> heard.get(prompt * SAMPLES + sample).add(token));
            assertThat(heard).isEqualTo(completions.stream()
                    .map(completion -> Arrays.stream(completion.tokens()).boxed().toList()).toList());
        }
    }

    /// As {@link Generator} says: token t of sample s of prompt i is the first word at which the sum of the weights
    /// e^(z / temperature) exceeds `key.fold(i).fold(s).uniform(t)` of them all.
    @Test
    void everyTokenIsTheOneThatItsUniformNumberChooses() {
        QwenConfig config = TinyConfigs.qwen2();
        try (ModelFixture fixture = fixture(config, "reference")) {
            List<int[]> prompts = prompts(config);
            int words = config.vocabSize();
            for (Completion completion : generate(fixture, Limits.defaults(), prompts, 2)) {
                int[] prompt = prompts.get(completion.prompt());
                int[] whole = IntStream.concat(IntStream.of(prompt), IntStream.of(completion.tokens())).toArray();
                RandomKey own = KEY.fold(completion.prompt()).fold(completion.sample());
                try (Tape tape = Tape.inference(fixture.backend(), fixture.scope())) {
                    double[] logits = fixture.model().logits(fixture.model().forward(tape,
                            PackedSequences.of(tape.scope(), List.of(whole)))).value().toDoubles();
                    for (int t = 0; t < completion.tokens().length; t++) {
                        int row = (prompt.length - 1 + t) * words;
                        double[] weights = Arrays.stream(logits, row, row + words)
                                .map(z -> Math.exp(z / LAW.temperature())).toArray();
                        double left = own.uniform(t) * Arrays.stream(weights).sum();
                        int word = 0;
                        while (left >= weights[word]) {
                            left -= weights[word++];
                        }
                        assertThat(completion.tokens()[t]).as("%s, token %d", completion, t).isEqualTo(word);
                    }
                }
            }
        }
    }

    @Test
    void allMemoryIsGivenBack() {
        QwenConfig config = TinyConfigs.qwen2();
        try (ModelFixture fixture = fixture(config, "reference")) {
            generate(fixture, Limits.defaults(), prompts(config), 2);
            long before = fixture.backend().memory().bytesInUse();
            generate(fixture, Limits.defaults(), prompts(config), 2);
            assertThat(fixture.backend().memory().bytesInUse()).isEqualTo(before);
        }
    }

    @Test
    void wrongRequestsAreRefused() {
        QwenConfig config = QwenConfig.tiny(9, 32, 1, 20);
        try (ModelFixture fixture = fixture(config, "reference")) {
            Generator generator = new Generator(fixture.model(), fixture.backend(), fixture.scope());
            assertRefused(generator, new int[0], 1, 1, "generate: prompt 0 must have at least one token");
            assertRefused(generator, new int[] {1, 9}, 1, 1,
                    "generate: token 1 of prompt 0 is 9, it must be in 0 … 8");
            assertRefused(generator, new int[16], 1, 6,
                    "generate: prompt 0 of 16 tokens and 6 new ones must not exceed max_position_embeddings 20");
            assertRefused(generator, new int[1], 0, 1, "generate: samples 0 must be at least 1");
            assertRefused(generator, new int[1], 1, 0, "generate: maxNewTokens 0 must be at least 1");
            assertThatIllegalArgumentException().isThrownBy(() -> generator.generate(List.of(new int[1]), 1, LAW, 1,
                    Set.of(-1), KEY)).withMessage("generate: end token -1 must be a token id");
            Generator small = new Generator(fixture.model(), fixture.backend(), fixture.scope(), new Limits(1, 1, 1));
            assertRefused(small, new int[1], 1, 1,
                    "generate: one sample of the longest prompt needs a cache of 4096 bytes, the limit is 1");
            assertThat(generator.generate(List.of(), 1, LAW, 1, Set.of(), KEY)).isEmpty();
            assertThat(generator.generate(List.of(new int[16]), 1, LAW, 5, Set.of(), KEY)).hasSize(1);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new Limits(0, 1, 1))
                .withMessage("limits: rows 0, prefillTokens 1, cacheBytes 1 must be at least 1");
    }

    private static void assertRefused(Generator generator, int[] prompt, int samples, int newTokens, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(List.of(prompt), samples, LAW, newTokens, Set.of(), KEY))
                .withMessage(message);
    }
}
