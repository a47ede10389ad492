package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.StochasticRounding;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.flowrl.tensor.contract.Numbers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the contract's sizes do not reach.
class VectorNarrowMomentsTest {
    private static final OptimizerKernels.AdamW SETTINGS =
            new OptimizerKernels.AdamW(1e-3, 0.9, 0.999, 1e-8, 0, 3, 1, RandomKey.of(8).fold(3));

    @BeforeEach
    void needsTheVectorBackend() {
        BackendProvider.Candidate candidate = new VectorProvider().candidates().getFirst();
        assumeTrue(candidate.available(), candidate.reason());
    }

    /// One call updates at most 2^20 elements.
    @Test
    void anArenaOfSeveralPiecesHasTheReferencesBits() {
        int size = (1 << 20) + 2 * Backend.CHUNK + 21;
        try (Backend vector = Backends.open("vector", 1).backend(); Backend reference = new ReferenceBackend();
                Scope one = Scope.root("vector", vector.memory());
                Scope two = Scope.root("reference", reference.memory())) {
            Tensor[] expected = updated(reference, two, size);
            Tensor[] actual = updated(vector, one, size);
            for (int i = 0; i < expected.length; i++) {
                Numbers.assertSameBits("output " + i, expected[i], actual[i]);
            }
        }
    }

    private static Tensor[] updated(Backend backend, Scope scope, int size) {
        Inputs in = new Inputs(scope, DType.F32, Inputs.Range.NORMAL, 1);
        Tensor[] outputs = {in.ordinary(size), scope.zeros(DType.BF16, size), scope.zeros(DType.BF16, size)};
        backend.optimizer().adamW(outputs[0], in.ordinary(size), outputs[1], outputs[2], SETTINGS);
        return new Tensor[] {outputs[0], wide(backend, outputs[1]), wide(backend, outputs[2])};
    }

    private static Tensor wide(Backend backend, Tensor narrow) {
        Tensor wide = narrow.scope().allocate(DType.F32, narrow.elements());
        backend.elementwise().convert(narrow, wide);
        return wide;
    }

    /// Elements beyond 2^32, of which a model of 7 billion has some: m is (1 − beta1) · 1 from zero, rounded by the lot
    /// of the element's own index.
    @Test
    void lotsGoByTheWholeIndex() {
        long first = 3L << 32;
        int size = 67;
        float mean = (float) (1 - 0.9);
        try (Backend vector = Backends.open("vector", 1).backend();
                Scope scope = Scope.root("test", vector.memory())) {
            Tensor w = scope.zeros(DType.F32, size);
            Tensor gradient = scope.zeros(DType.F32, size);
            vector.elementwise().fill(gradient, 1);
            Tensor m = scope.zeros(DType.BF16, size);
            VectorNarrowMoments.update(w.address(), gradient.address(), m.address(),
                    scope.zeros(DType.BF16, size).address(), first, size, OptimizerKernels.Factors.of(SETTINGS),
                    SETTINGS.rounding());
            double[] means = wide(vector, m).toDoubles();
            for (int i = 0; i < size; i++) {
                int lot = StochasticRounding.bits(SETTINGS.rounding(), first + i) >>> 16;
                assertThat(means[i]).isEqualTo(DType.fromBfloat16(StochasticRounding.toBfloat16(mean, lot)));
            }
            assertThat(means).contains(0.10009765625, 0.099609375);
        }
    }
}
