package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class DeviceTest {
    @Test
    void devicesPrintAsTheyAreNamed() {
        assertThat(Device.CPU).hasToString("cpu");
        assertThat(Device.CPU.isHost()).isTrue();
        assertThat(new Device("cuda", 1)).hasToString("cuda:1");
        assertThat(new Device("cuda", 1).isHost()).isFalse();
        assertThat(Device.PLAN).hasToString("plan");
        assertThat(Device.PLAN.isHost()).isFalse();
        assertThat(Device.PLAN.holdsValues()).isFalse();
    }

    @Test
    void otherDevicesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Device("tpu", 0)).withMessageContaining("'tpu'");
        assertThatIllegalArgumentException().isThrownBy(() -> new Device("cpu", 1)).withMessageContaining("index 1");
        assertThatIllegalArgumentException().isThrownBy(() -> new Device("cuda", -1)).withMessageContaining("-1");
    }
}
