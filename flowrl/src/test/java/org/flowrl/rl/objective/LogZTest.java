package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flowrl.autograd.GradCheck;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LogZTest {
    private static final int WIDTH = 6;
    private static final double DROPOUT = 0.4;
    private static final RandomKey STEP = RandomKey.of(5);

    /// Depth 3: 2 · (D² + D + 2 D) + D + 1.
    @ParameterizedTest
    @CsvSource({"3584, 25715201", "5120, 52464641", "64, 8641"})
    void theNetOfAModelHasThePublishedNumberOfParameters(int width, long parameters) {
        try (Bench bench = new Bench(DType.F32)) {
            ParameterStore store = new ParameterStore(bench.backend(), bench.scope(), DType.F32);
            LogZ.declare(store.root().at("proj_z"), width, 3, 0.1);

            assertThat(store.parameterCount()).isEqualTo(parameters);
        }
    }

    @Test
    void parametersHaveTheNamesOfThePublicCode() {
        try (Bench bench = new Bench(DType.F32)) {
            assertThat(net(bench, 3).store().parameters()).extracting(Parameter::name).containsExactly(
                    "proj_z.net.0.weight", "proj_z.net.0.bias", "proj_z.net.2.weight", "proj_z.net.2.bias",
                    "proj_z.net.4.weight", "proj_z.net.4.bias", "proj_z.net.6.weight", "proj_z.net.6.bias",
                    "proj_z.net.8.weight", "proj_z.net.8.bias");
        }
    }

    @Test
    void linearLayersStartUniformWithinTheInverseRootOfTheWidthAndNormsAsTheIdentity() {
        int width = 64;
        try (Bench bench = new Bench(DType.F32)) {
            FlowRl flowRl = FlowRlSettings.recipe202512().create(bench.context(width));
            for (Parameter parameter : Bench.stores(flowRl).getFirst().parameters()) {
                double[] values = parameter.value().toDoubles();
                boolean isNorm = parameter.name().matches(".*net\\.[26]\\..*");
                if (isNorm) {
                    assertThat(values).containsOnly(parameter.name().endsWith("weight") ? 1 : 0);
                } else {
                    assertThat(Arrays.stream(values).max().orElseThrow()).isBetween(-1 / 8.0, 1 / 8.0);
                    assertThat(Arrays.stream(values).min().orElseThrow()).isBetween(-1 / 8.0, 1 / 8.0);
                }
                if (values.length == width * width) {
                    // Of 4,096 uniform draws on ±1/8: deviation 1/(8·√3), sampled within 5 %.
                    double squares = Arrays.stream(values).map(x -> x * x).sum();
                    assertThat(Math.sqrt(squares / values.length) * 8 * Math.sqrt(3)).isBetween(0.95, 1.05);
                }
            }
        }
    }

    @Test
    void aRowsDroppedUnitsDoNotDependOnTheRowsBesideIt() {
        try (Bench bench = new Bench(DType.F32)) {
            LogZ net = net(bench, 3);
            double[] together = logZ(bench, net, means(bench, 4), dropout(10, 11, 12, 13));
            double[] pair = logZ(bench, net, means(bench, 4).slice(1, 2), dropout(11, 12));

            assertThat(pair).containsExactly(together[1], together[2]);
            assertThat(logZ(bench, net, means(bench, 4), dropout(20, 21, 22, 23))).isNotEqualTo(together);
        }
    }

    @Test
    void anEstimateDropsNothing() {
        try (Bench bench = new Bench(DType.F32)) {
            LogZ net = net(bench, 3);
            Tensor means = means(bench, 4);
            double[] estimate = net.estimate(bench.backend(), bench.scope(), means);

            assertThat(estimate).containsExactly(logZ(bench, net, means, Optional.empty()));
            assertThat(estimate).isNotEqualTo(logZ(bench, net, means, dropout(0, 1, 2, 3)));
        }
    }

    /// One block whose norm gives 1 for every unit, and a head that adds the units up: the output is the number of kept
    /// units over 1 − rate = 0.6.
    @Test
    void droppedUnitsAreZeroAndOthersScaled() {
        try (Bench bench = new Bench(DType.F64)) {
            LogZ net = net(bench, 2);
            ParameterStore store = net.store();
            fill(store, "proj_z.net.2.weight", 0);
            fill(store, "proj_z.net.2.bias", 1);
            fill(store, "proj_z.net.4.weight", 1);
            fill(store, "proj_z.net.4.bias", 0);
            store.repack();
            double[] kept = logZ(bench, net, means(bench, 50), dropout(IntStream.range(0, 50).toArray()));

            assertThat(Arrays.stream(kept).map(sum -> sum * 0.6)).allSatisfy(count ->
                    assertThat(Math.abs(count - Math.rint(count))).isLessThan(1e-12));
            // 300 draws at 0.6: mean 180, standard deviation 8.5.
            assertThat(Arrays.stream(kept).sum() * 0.6).isBetween(150.0, 210.0);
        }
    }

    /// The first block gives 1 for each kept unit; the second norms what is kept and dropped, so that a unit dropped
    /// in the first is below 0, and 0 where the second drops it. The head reads unit 0. Of one mask for both blocks,
    /// what the first drops the second drops too.
    @Test
    void everyLayerDropsUnitsOfItsOwn() {
        try (Bench bench = new Bench(DType.F64)) {
            LogZ net = net(bench, 3);
            ParameterStore store = net.store();
            fill(store, "proj_z.net.2.weight", 0);
            fill(store, "proj_z.net.2.bias", 1);
            double[] identity = new double[WIDTH * WIDTH];
            IntStream.range(0, WIDTH).forEach(i -> identity[i * WIDTH + i] = 1);
            store.set(store.named("proj_z.net.4.weight"), identity);
            fill(store, "proj_z.net.4.bias", 0);
            fill(store, "proj_z.net.6.weight", 1);
            fill(store, "proj_z.net.6.bias", 0);
            double[] first = new double[WIDTH];
            first[0] = 1;
            store.set(store.named("proj_z.net.8.weight"), first);
            fill(store, "proj_z.net.8.bias", 0);
            store.repack();
            double[] unit = logZ(bench, net, means(bench, 100), dropout(IntStream.range(0, 100).toArray()));

            // 100 draws: dropped in the first alone at 0.4 · 0.6 = 0.24, kept in both at 0.36; deviations 4.3 and 4.8.
            assertThat(Arrays.stream(unit).filter(value -> value < 0).count()).isBetween(5L, 45L);
            assertThat(Arrays.stream(unit).filter(value -> value > 0).count()).isBetween(10L, 60L);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void gradientsAgreeWithFiniteDifferencesWithDroppedUnits(int depth) {
        try (GradCheck check = GradCheck.open()) {
            ParameterStore store = check.store();
            LogZ net = LogZ.declare(store.root(), WIDTH, depth, DROPOUT);
            store.allocate();
            store.initialize(RandomKey.of(3));
            double[] means = randomMeans(3);
            Tensor x = check.scope().of(means, 3, WIDTH);

            check.check((tape, in) -> net.forward(in.getFirst(), dropout(0, 1, 2)), List.of(store), x)
                    .requireBelow(1e-6);
        }
    }

    @Test
    void impossibleNetsAreRefused() {
        try (Bench bench = new Bench(DType.F32)) {
            ParameterStore store = new ParameterStore(bench.backend(), bench.scope(), DType.F32);
            assertThatThrownBy(() -> LogZ.declare(store.root(), WIDTH, 0, 1))
                    .hasMessage("logZ: width 6 and depth 0 must be at least 1, dropout 1.0 in [0, 1)");
        }
    }

    private static LogZ net(Bench bench, int depth) {
        ParameterStore store = new ParameterStore(bench.backend(), bench.scope(), bench.dtype());
        LogZ net = LogZ.declare(store.root().at("proj_z"), WIDTH, depth, DROPOUT);
        store.allocate();
        store.initialize(RandomKey.of(3));
        return net;
    }

    private static double[] logZ(Bench bench, LogZ net, Tensor means, Optional<LogZ.Dropout> dropout) {
        try (Tape tape = Tape.inference(bench.backend(), bench.scope())) {
            return net.forward(tape.constant(means), dropout).value().toDoubles();
        }
    }

    private static Optional<LogZ.Dropout> dropout(int... rowIds) {
        return Optional.of(new LogZ.Dropout(STEP, rowIds));
    }

    private static Tensor means(Bench bench, int rows) {
        return bench.tensor(randomMeans(rows), rows, WIDTH);
    }

    private static double[] randomMeans(int rows) {
        return IntStream.range(0, rows * WIDTH).mapToDouble(RandomKey.of(9)::normal).toArray();
    }

    private static void fill(ParameterStore store, String name, double value) {
        Parameter parameter = store.named(name);
        double[] values = new double[Math.toIntExact(parameter.shape().elements())];
        Arrays.fill(values, value);
        store.set(parameter, values);
    }
}
