package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.StochasticRounding;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VectorLotsTest {
    private static final RandomKey KEY = RandomKey.of(8).fold(3);

    /// Models of 7 billion parameters have indices beyond 2^32, and those above 2^31 are negative as ints.
    @ParameterizedTest
    @ValueSource(longs = {0, 4096, (1L << 31) - 4096, 1L << 31, 1L << 32, (3L << 32) + 8192})
    void lotsGoByTheWholeIndex(long first) {
        BackendProvider.Candidate candidate = new VectorProvider().candidates().getFirst();
        assumeTrue(candidate.available(), candidate.reason());
        int size = 4096 - 5;
        try (Backend vector = Backends.open("vector", 1).backend();
                Scope scope = Scope.root("test", vector.memory())) {
            Inputs in = new Inputs(scope, DType.F32, Inputs.Range.SPECIAL, 1);
            Tensor[] numbers = {in.values(size), in.values(size)};
            Tensor[] narrow = {scope.zeros(DType.BF16, size), scope.zeros(DType.BF16, size)};
            VectorLots.round(numbers[0].address(), numbers[1].address(), narrow[0].address(), narrow[1].address(),
                    first, size, KEY);
            for (int i = 0; i < size; i++) {
                int lots = StochasticRounding.bits(KEY, first + i);
                assertThat(narrow[0].get(i)).isEqualTo(rounded(numbers[0], i, lots >>> 16));
                assertThat(narrow[1].get(i)).isEqualTo(rounded(numbers[1], i, lots & 0xffff));
            }
        }
    }

    /// Boxed, as NaN equals itself then.
    private static Double rounded(Tensor numbers, int i, int lot) {
        return (double) DType.fromBfloat16(StochasticRounding.toBfloat16((float) numbers.get(i), lot));
    }
}
