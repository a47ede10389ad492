package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.SharedData;
import org.flowrl.transformer.generate.Generator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every folder of data/oracle, at the bars of data/SOURCES.md, on every CPU backend. Expected numbers are those of
/// Transformers 5.17.0 and of a forward pass in F64 with PyTorch's gradients.
class QwenOracleTest {
    // In F64 the difference is that of the F32 parts inside Transformers: 7.5e-7 in logits, 7e-6 in weights
    // (SOURCES.md).
    private static final double F64_LOGIT_BAR = 1e-6;
    private static final double F64_WEIGHT_BAR = 1e-5;

    /// Logits, hence log-probabilities, entropies and losses in nats: per unit of max(1, max |logit|).
    private static final double LOGIT_BAR = 1e-5;
    /// |difference| / |expected|, L2 norms over a parameter.
    private static final double GRADIENT_BAR = 1e-4;
    /// Largest difference of a weight after three steps of AdamW.
    private static final double WEIGHT_BAR = 1e-4;

    private static final String OPTIMIZER = "AdamW lr=1e-3 betas=(0.9,0.999) eps=1e-8 weight_decay=0.01 on every "
            + "parameter, grad clip 1.0 (total L2) before each step, 3 steps";

    static Stream<Arguments> cases() throws IOException {
        try (Stream<Path> folders = Files.list(SharedData.path("oracle"))) {
            return folders.filter(Files::isDirectory).sorted().toList().stream().flatMap(folder -> {
                boolean isF64 = folder.getFileName().toString().endsWith("f64");
                return ModelFixture.backends().filter(backend -> !isF64 || backend.equals("reference"))
                        .map(backend -> Arguments.of(folder.getFileName().toString(), backend));
            });
        }
    }

    static Stream<Arguments> casesWithOptimizer() throws IOException {
        return cases().filter(arguments -> {
            try (OracleCase oracle = open((String) arguments.get()[0])) {
                return oracle.hasOptimizerSteps();
            }
        });
    }

    private static OracleCase open(String name) {
        return new OracleCase(SharedData.path("oracle").resolve(name));
    }

    private static ModelFixture load(OracleCase oracle, String backend) {
        return ModelFixture.load(oracle.folder(), backend, 2, oracle.dtype());
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("cases")
    void logitsLogProbsAndEntropiesAgree(String name, String backend) {
        try (OracleCase oracle = open(name); ModelFixture fixture = load(oracle, backend)) {
            List<int[]> sequences = oracle.batch().sequences();
            ModelFixture.Scores scores = fixture.score(sequences);
            double[] logits = oracle.packed("logits", fixture.model().config().vocabSize(), 0);
            double bar = oracle.dtype() == DType.F64 ? F64_LOGIT_BAR
                    : LOGIT_BAR * Math.max(1, Arrays.stream(logits).map(Math::abs).max().orElseThrow());
            assertThat(largestDifference(scores.logits(), logits)).isLessThanOrEqualTo(bar);
            assertThat(largestDifference(scores.entropies(), oracle.packed(oracle.entropyName(), 1, 0)))
                    .isLessThanOrEqualTo(bar);
            assertThat(largestDifference(withoutLast(scores.logProbs(), sequences),
                    oracle.packed("token_logprob", 1, 1))).isLessThanOrEqualTo(bar);
        }
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("cases")
    void lossAndEveryGradientAgree(String name, String backend) {
        try (OracleCase oracle = open(name); ModelFixture fixture = load(oracle, backend)) {
            Gradients gradients = new Gradients(fixture.scope(), List.of(fixture.store()));
            double loss = fixture.differentiate(oracle.batch().sequences(), Qwen.Activations.KEPT, gradients);
            double expectedLoss = oracle.values("loss")[0];
            assertThat(Math.abs(loss - expectedLoss)).isLessThanOrEqualTo(LOGIT_BAR * Math.max(1, expectedLoss));
            for (Parameter parameter : fixture.store().parameters()) {
                assertThat(relativeNorm(gradients.of(parameter).toDoubles(),
                        oracle.values("grad." + parameter.name()))).as(parameter.name())
                        .isLessThanOrEqualTo(GRADIENT_BAR);
            }
        }
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("cases")
    void greedyContinuationAgreesExactly(String name, String backend) {
        try (OracleCase oracle = open(name); ModelFixture fixture = load(oracle, backend)) {
            int[] expected = oracle.greedyNext();
            int[] tokens = new Generator(fixture.model(), fixture.backend(), fixture.scope())
                    .generate(List.of(oracle.greedyPrompt()), 1, SamplingLaw.greedy(), expected.length, Set.of(),
                            RandomKey.of(0)).getFirst().tokens();
            assertThat(tokens).containsExactly(expected);
        }
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("casesWithOptimizer")
    void threeAdamWStepsAgree(String name, String backend) {
        try (OracleCase oracle = open(name); ModelFixture fixture = load(oracle, backend)) {
            assertThat(oracle.optimizer()).startsWith(OPTIMIZER);
            AdamW optimizer = new AdamW(new AdamW.Settings(0.9, 0.999, 1e-8, 0.01, 1),
                    List.of(new AdamW.Group(fixture.store(), 1)), fixture.scope());
            Gradients gradients = new Gradients(fixture.scope(), List.of(fixture.store()));
            double[] losses = oracle.numbers("losses_before_step_1_2_3");
            double[] norms = oracle.numbers("grad_norm_before_clip");
            for (int step = 0; step < 3; step++) {
                double loss = fixture.differentiate(oracle.batch().sequences(), Qwen.Activations.KEPT, gradients);
                assertThat(Math.abs(loss - losses[step])).isLessThanOrEqualTo(WEIGHT_BAR * losses[step]);
                double norm = optimizer.step(gradients, 1e-3).gradientNorm();
                assertThat(Math.abs(norm - norms[step])).isLessThanOrEqualTo(WEIGHT_BAR * norms[step]);
            }
            for (Parameter parameter : fixture.store().parameters()) {
                assertThat(largestDifference(parameter.value().toDoubles(),
                        oracle.values("adamw3." + parameter.name()))).as(parameter.name())
                        .isLessThanOrEqualTo(oracle.dtype() == DType.F64 ? F64_WEIGHT_BAR : WEIGHT_BAR);
            }
        }
    }

    private static double[] withoutLast(double[] packed, List<int[]> sequences) {
        double[] kept = new double[packed.length - sequences.size()];
        int from = 0;
        int to = 0;
        for (int[] sequence : sequences) {
            System.arraycopy(packed, from, kept, to, sequence.length - 1);
            from += sequence.length;
            to += sequence.length - 1;
        }
        return kept;
    }

    private static double largestDifference(double[] actual, double[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double largest = 0;
        for (int i = 0; i < actual.length; i++) {
            double difference = Math.abs(actual[i] - expected[i]);
            largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
        }
        return largest;
    }

    private static double relativeNorm(double[] actual, double[] expected) {
        double[] difference = new double[actual.length];
        Arrays.setAll(difference, i -> actual[i] - expected[i]);
        return norm(difference) / norm(expected);
    }

    private static double norm(double[] values) {
        return Math.sqrt(Arrays.stream(values).map(value -> value * value).sum());
    }
}
