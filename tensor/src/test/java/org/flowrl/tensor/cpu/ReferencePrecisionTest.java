package org.flowrl.tensor.cpu;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.flowrl.tensor.contract.KernelCase;
import org.flowrl.tensor.contract.Numbers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The reference kernels in F32 against themselves in F64, over the whole table of the contract.
class ReferencePrecisionTest {
    /// Relative to an output's largest number: √600 roundings of 2^-24 for the longest sums, 1.5e-6, times ten for
    /// chains of such sums and for the polynomial of the exponential.
    private static final double TOLERANCE = 1.5e-5;

    private final Backend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    @TestFactory
    Stream<DynamicTest> singleAndDoublePrecisionAgree() {
        // A draw on the border of two words may fall to either side; moments in BF16 are for parameters of F32.
        Set<String> single = Set.of("sample", "adamW, moments in 16 bits");
        return KernelCase.all().stream().filter(kernel -> !single.contains(kernel.kernel()))
                .collect(Collectors.groupingBy(KernelCase::kernel)).entrySet().stream()
                .map(entry -> dynamicTest(entry.getKey(), () -> entry.getValue().forEach(this::check)));
    }

    private void check(KernelCase kernel) {
        try (Scope scope = Scope.root("test", backend.memory())) {
            List<Tensor> single = kernel.call().outputs(backend, inputs(scope, DType.F32));
            List<Tensor> exact = kernel.call().outputs(backend, inputs(scope, DType.F64));
            for (int t = 0; t < exact.size(); t++) {
                Numbers.assertClose(kernel + ", output " + t, exact.get(t).toDoubles(),
                        single.get(t).toDoubles(), TOLERANCE);
            }
        }
    }

    private static Inputs inputs(Scope scope, DType type) {
        return new Inputs(scope, type, Inputs.Range.NORMAL, 1);
    }
}
