package org.flowrl.tensor.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// What every backend owes its callers, in F32. A backend's test is a subclass that says how to open it.
///
/// Where the backend guarantees row invariance, its kernels have the bits of the reference backend; otherwise they
/// agree within {@link #tolerance}.
public abstract class BackendContract {
    private static final long[] SEEDS = {1, 2};
    private static final long[] ONE_SEED = {1};
    private static final int SEVERAL_THREADS = 2;

    private Backend backend;
    private Backend single;
    private Backend reference;

    /// Opens the backend under test, or aborts the test with the reason why it cannot be opened here.
    protected abstract Backend open(int threads);

    /// How far a backend without row invariance may be from the reference, relative to the largest number of an output:
    /// sums of up to 600 products in another order differ by about √600 · 2^-24 = 1.5e-6 of the sum's size, gradients
    /// of attention and the head chain three such sums, and cancellation costs another factor of ten.
    protected double tolerance(KernelCase kernel) {
        return 5e-5;
    }

    /// The rows of the table that are run.
    protected List<KernelCase> cases() {
        return KernelCase.all();
    }

    @BeforeEach
    void openBackends() {
        single = open(1);
        backend = open(SEVERAL_THREADS);
        reference = new ReferenceBackend();
    }

    @AfterEach
    void closeBackends() {
        for (Backend opened : new Backend[] {single, backend, reference}) {
            if (opened != null) {
                opened.close();
            }
        }
    }

    /// On one thread and on two: with row invariance the same bits as the reference, otherwise numbers close to it, and
    /// the same bits on one and two threads where the backend is deterministic.
    @TestFactory
    Stream<DynamicTest> kernelsEqualTheReferenceOnAnyNumberOfThreads() {
        Map<String, List<KernelCase>> byKernel = cases().stream().collect(
                Collectors.groupingBy(KernelCase::kernel, TreeMap::new, Collectors.toList()));
        return byKernel.entrySet().stream().map(entry -> dynamicTest(entry.getKey(), () ->
                entry.getValue().forEach(this::checkAgainstReference)));
    }

    private void checkAgainstReference(KernelCase kernel) {
        for (Inputs.Range range : kernel.ranges()) {
            for (long seed : range == Inputs.Range.NORMAL ? SEEDS : ONE_SEED) {
                try (Scope expectedScope = Scope.root("expected", reference.memory());
                        Scope singleScope = Scope.root("single", single.memory());
                        Scope actualScope = Scope.root("actual", backend.memory())) {
                    List<Tensor> expected = run(kernel, reference, expectedScope, range, seed);
                    List<Tensor> onOneThread = run(kernel, single, singleScope, range, seed);
                    List<Tensor> actual = run(kernel, backend, actualScope, range, seed);
                    String what = kernel + " " + range + " seed " + seed;
                    if (backend.guarantees().rowInvariant()) {
                        Numbers.assertSameBits(what, expected, actual);
                    } else if (range == Inputs.Range.NORMAL) {
                        Numbers.assertClose(what, expected, actual, tolerance(kernel));
                    }
                    if (backend.guarantees().deterministic()) {
                        Numbers.assertSameBits(what + " on one thread against two", onOneThread, actual);
                    }
                }
            }
        }
        assertThat(backend.memory().bytesInUse()).as("bytes that " + kernel + " left in use").isZero();
    }

    private static List<Tensor> run(KernelCase kernel, Backend on, Scope scope, Inputs.Range range, long seed) {
        return kernel.call().outputs(on, new Inputs(scope, DType.F32, range, seed));
    }

    @TestFactory
    Stream<DynamicTest> rowsDoNotDependOnTheirBatch() {
        assumeTrue(backend.guarantees().rowInvariant(), "the backend does not promise row invariance");
        return RowCase.all().stream().map(rowCase -> dynamicTest(rowCase.kernel(), () -> checkRows(rowCase)));
    }

    private void checkRows(RowCase rowCase) {
        int[][] batches = {{0, 1}, {63, 1}, {5, 1}, {3, 2}, {3, 5}, {1, 6}, {17, 16}, {10, 13}, {1, 63}, {30, 0}};
        try (Scope scope = Scope.root("test", backend.memory())) {
            List<Tensor> rows = rowCase.rows().apply(new Inputs(scope, DType.F32, Inputs.Range.NORMAL, SEEDS[0]));
            List<Tensor> whole = runRows(rowCase, scope, rows);
            for (int[] batch : batches) {
                try (Scope part = scope.child("part")) {
                    Numbers.assertSameBits(rowCase.kernel() + ", " + batch[1] + " rows from " + batch[0],
                            RowCase.slice(whole, batch[0], batch[1]),
                            runRows(rowCase, part, RowCase.slice(rows, batch[0], batch[1])));
                }
            }
        }
    }

    private List<Tensor> runRows(RowCase rowCase, Scope scope, List<Tensor> rows) {
        return rowCase.call().outputs(backend, new Inputs(scope, DType.F32, Inputs.Range.NORMAL, SEEDS[1]), rows);
    }

    @Test
    void sequencesDoNotDependOnTheirBatch() {
        assumeTrue(backend.guarantees().rowInvariant(), "the backend does not promise row invariance");
        int[] lengths = {5, 17, 1, 270, 33};
        int[] starts = AttentionCases.starts(lengths);
        try (Scope scope = Scope.root("test", backend.memory())) {
            Inputs in = new Inputs(scope, DType.F32, Inputs.Range.NORMAL, SEEDS[0]);
            int n = starts[lengths.length];
            List<Tensor> inputs = List.of(in.values(n, 4, 34), in.values(n, 2, 34), in.values(n, 2, 34),
                    in.values(n, 4, 34));
            List<Tensor> whole = attend(in, inputs, starts);
            for (int b = 0; b < lengths.length; b++) {
                List<Tensor> alone = attend(in, RowCase.slice(inputs, starts[b], lengths[b]), 0, lengths[b]);
                Numbers.assertSameBits("sequence " + b, RowCase.slice(whole, starts[b], lengths[b]), alone);
            }
        }
    }

    /// out, statistics, dq, dk and dv of packed sequences, given q, k, v and dout.
    private List<Tensor> attend(Inputs in, List<Tensor> inputs, int... starts) {
        Tensor q = inputs.get(0);
        Tensor k = inputs.get(1);
        Tensor bounds = in.integers(starts);
        List<Tensor> outputs = new ArrayList<>();
        outputs.add(in.junk(q.shape().toArray()));
        outputs.add(in.junk(q.dim(0), q.dim(1), 2));
        outputs.add(in.junk(q.shape().toArray()));
        outputs.add(in.junk(k.shape().toArray()));
        outputs.add(in.junk(k.shape().toArray()));
        backend.attention().forward(q, k, inputs.get(2), bounds, 0.2, outputs.get(0), outputs.get(1));
        backend.attention().backward(inputs.get(3), q, k, inputs.get(2), outputs.get(0), outputs.get(1), bounds, 0.2,
                outputs.get(2), outputs.get(3), outputs.get(4));
        return outputs;
    }

    @Test
    void decodingThroughPagesGivesThePrefillsBits() {
        assumeTrue(backend.guarantees().rowInvariant(), "the backend does not promise row invariance");
        int[] lengths = {21, 300, 1, 16};
        int n = 338;
        for (int size : new int[] {16, 34, 64}) {
            try (Scope scope = Scope.root("test", backend.memory())) {
                Inputs in = new Inputs(scope, DType.F32, Inputs.Range.NORMAL, SEEDS[0]);
                Tensor q = in.values(n, 4, size);
                Tensor k = in.values(n, 2, size);
                Tensor v = in.values(n, 2, size);
                Tensor packed = in.junk(n, 4, size);
                backend.attention().forward(q, k, v, in.integers(AttentionCases.starts(lengths)), 0.3, packed,
                        in.junk(n, 4, 2));
                Paging paging = Paging.of(in, 2, lengths);
                Tensor keys = in.junk(paging.pages(), 2, size, Backend.LANES);
                Tensor values = in.junk(paging.pages(), 2, Backend.LANES, size);
                Tensor decoded = in.junk(n, 4, size);
                for (int t = 0; t < n; t++) {
                    backend.attention().writePages(k.slice(t, 1), v.slice(t, 1), paging.slots().slice(t, 1), keys,
                            values);
                    backend.attention().forwardPaged(q.slice(t, 1), keys, values, paging.positions().slice(t, 1),
                            paging.sequences().slice(t, 1), paging.table(), 0.3, decoded.slice(t, 1));
                }
                Numbers.assertSameBits("token by token", packed, decoded);
                Tensor atOnce = in.junk(n, 4, size);
                backend.attention().forwardPaged(q, keys, values, paging.positions(), paging.sequences(),
                        paging.table(), 0.3, atOnce);
                Numbers.assertSameBits("all tokens at once", packed, atOnce);
            }
        }
    }

    @Test
    void sampledLogProbsAreTheScoredOnes() {
        assumeTrue(backend.guarantees().rowInvariant(), "the backend does not promise row invariance");
        int n = 65;
        for (double temperature : new double[] {1, 0.6}) {
            for (int words : new int[] {13, 5000}) {
                try (Scope scope = Scope.root("test", backend.memory())) {
                    Inputs in = new Inputs(scope, DType.F32, Inputs.Range.NORMAL, SEEDS[0]);
                    PackedMatrix weight = backend.matmul().pack(in.values(words, 40), DType.F32, scope);
                    Tensor hidden = in.values(n, 40);
                    Tensor tokens = in.integers(new int[n]);
                    Tensor sampled = in.junk(n);
                    backend.heads().sample(hidden, weight, SamplingLaw.ofTemperature(temperature), in.uniforms(n),
                            tokens, sampled);
                    Tensor scored = in.junk(n);
                    backend.heads().logProbs(hidden, weight, tokens, temperature, scored, in.junk(n), in.junk(n));
                    Numbers.assertSameBits("temperature " + temperature + ", " + words + " words", scored, sampled);
                }
            }
        }
    }

    @Test
    void aRowWithoutADistributionIsNotSampled() {
        try (Scope scope = Scope.root("test", backend.memory())) {
            PackedMatrix weight = backend.matmul().pack(scope.of(new float[] {1, 2, 3}, 3, 1), DType.F32, scope);
            Tensor hidden = scope.of(new float[] {1, Float.NaN}, 2, 1);
            Tensor uniforms = scope.zeros(DType.F64, 2);
            Tensor tokens = scope.zeros(DType.I32, 2);
            Tensor logProb = scope.zeros(DType.F32, 2);
            for (SamplingLaw law : List.of(SamplingLaw.greedy(), SamplingLaw.ofTemperature(1),
                    new SamplingLaw(1, 2, 0.5))) {
                assertThatThrownBy(() -> {
                    backend.heads().sample(hidden, weight, law, uniforms, tokens, logProb);
                    waitFor(scope);
                }).as(law.toString()).isInstanceOf(ArithmeticException.class).hasMessageContaining("sample")
                        .hasMessageContaining("row 1");
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> wrongArgumentsAreRefusedByName() {
        return Refusal.all().stream().map(refusal -> dynamicTest(refusal.toString(), () -> {
            try (Scope scope = Scope.root("test", backend.memory())) {
                Inputs in = new Inputs(scope, DType.F32, Inputs.Range.NORMAL, SEEDS[0]);
                assertThatIllegalArgumentException().isThrownBy(() -> {
                    refusal.call().run(backend, in);
                    waitFor(scope);
                }).withMessageStartingWith(refusal.operation() + ": " + refusal.argument());
            }
        }));
    }

    /// A device that computes while the caller goes on looks at indices then, and says what is wrong with them at the
    /// next read.
    private static void waitFor(Scope scope) {
        scope.zeros(DType.F32, 1).toFloats();
    }

    @Test
    void tensorsAfterTheirScopesEndAreRefused() {
        Tensor ended;
        try (Scope scope = Scope.root("step", backend.memory())) {
            ended = scope.zeros(DType.F32, 3);
        }
        assertThatThrownBy(() -> backend.elementwise().fill(ended, 1)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("step");
    }
}
