package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.Test;

class CudaProviderTest {
    @Test
    void aNamedCardIsRefusedWithTheReason() {
        assertThatThrownBy(() -> Backends.open("cuda:0", 1))
                .isInstanceOf(Backends.UnavailableDeviceException.class)
                .hasMessageContaining("cuda:0").hasMessageContaining("no CUDA backend");
    }

    @Test
    void autoComputesOnTheCpuAndSaysWhyNotOnACard() {
        Backends.Choice choice = Backends.open("auto", 1);
        try (Backend backend = choice.backend()) {
            assertThat(backend.device().isHost()).isTrue();
            assertThat(choice.choice()).contains("no cuda:0: this version has no CUDA backend");
        }
    }
}
