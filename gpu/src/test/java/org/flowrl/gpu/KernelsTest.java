package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Parameters of launches lie in one place.
class KernelsTest {
    private static Kernels.Launch convert(Kernels kernels, Tensor from, Tensor to) {
        return kernels.launch("elementwise", "convertF32toBF16").tensor(from).tensor(to).number(from.elements());
    }

    @Test
    void aLaunchEndsWithItsStartAndWhereAnotherBegins() {
        CudaContract.useCard();
        try (CudaBackend backend = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
                Scope scope = Scope.root("test", backend.memory())) {
            Kernels kernels = backend.card().kernels();
            Tensor from = scope.of(new float[] {1, 2, 3}, 3);
            Tensor to = scope.zeros(DType.BF16, 3);
            Kernels.Launch overtaken = convert(kernels, from, to);
            Kernels.Launch launch = convert(kernels, from, to);
            for (Runnable use : new Runnable[] {() -> overtaken.number(1), () -> overtaken.over(3)}) {
                assertThatThrownBy(use::run).isInstanceOf(IllegalStateException.class).hasMessageStartingWith(
                        "kernel convertF32toBF16: its launch has ended");
            }
            launch.over(3);
            assertThatThrownBy(() -> launch.over(3)).isInstanceOf(IllegalStateException.class);
            Tensor wide = scope.zeros(DType.F32, 3);
            backend.elementwise().convert(to, wide);
            assertThat(wide.toFloats()).containsExactly(1, 2, 3);
        }
    }
}
