package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.flowrl.tensor.contract.KernelCase;
import org.junit.jupiter.api.Test;

/// No kernel is missing in the tables that tests run.
class KernelCallsTest {
    private static final int FAMILIES_HAVE_AT_LEAST = 45;

    @Test
    void everyKernelIsInTheTableOfFreshJvms() {
        try (ReferenceBackend reference = new ReferenceBackend();
                Scope scope = Scope.root("test", reference.memory())) {
            Set<String> called = KernelCalls.of(reference, backend ->
                    KernelTable.of(backend, scope, KernelTable.Sizes.SMALL).forEach(entry -> entry.call().run()));
            assertThat(called).isEqualTo(KernelCalls.all());
        }
    }

    @Test
    void everyKernelIsInTheContractsTable() {
        try (ReferenceBackend reference = new ReferenceBackend();
                Scope scope = Scope.root("test", reference.memory())) {
            Set<String> names = new HashSet<>();
            Set<String> called = KernelCalls.of(reference, backend -> KernelCase.all().stream()
                    .filter(one -> names.add(one.kernel()))
                    .forEach(one -> one.call().outputs(backend,
                            new Inputs(scope, DType.F32, Inputs.Range.NORMAL, 1))));
            assertThat(called).isEqualTo(KernelCalls.all());
        }
    }

    @Test
    void aKernelThatIsNotCalledIsMissing() {
        try (ReferenceBackend reference = new ReferenceBackend();
                Scope scope = Scope.root("test", reference.memory())) {
            Set<String> called = KernelCalls.of(reference, backend -> {
                Tensor x = scope.zeros(DType.F32, 3);
                backend.elementwise().unary(ElementwiseKernels.Unary.EXP, x, x);
            });
            assertThat(called).containsExactly("ElementwiseKernels.unary EXP");
            assertThat(KernelCalls.all()).hasSizeGreaterThan(FAMILIES_HAVE_AT_LEAST).containsAll(called);
        }
    }
}
