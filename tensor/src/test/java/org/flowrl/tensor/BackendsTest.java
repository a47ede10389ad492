package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class BackendsTest {
    @Test
    void theReferenceBackendIsAlwaysThereAndPreferredLast() {
        List<BackendProvider.Candidate> candidates = Backends.candidates();
        assertThat(candidates.getLast().name()).isEqualTo("reference");
        assertThat(candidates.getLast().available()).isTrue();
        assertThat(candidates).allSatisfy(candidate -> assertThat(candidate.reason()).isNotBlank());
    }

    @Test
    void autoTakesTheFirstAvailableAndSaysWhyNotTheOnesBefore() {
        for (String device : List.of("auto", "cpu")) {
            List<BackendProvider.Candidate> candidates = Backends.candidates().stream()
                    .filter(candidate -> device.equals("auto") || !candidate.name().startsWith("cuda")).toList();
            BackendProvider.Candidate best = candidates.stream().filter(BackendProvider.Candidate::available)
                    .findFirst().orElseThrow();
            Backends.Choice choice = Backends.open(device, 1);
            try (Backend backend = choice.backend()) {
                assertThat(choice.choice()).startsWith(backend.name() + ": ");
                assertThat(best.name()).startsWith(backend.name());
                candidates.stream().takeWhile(candidate -> candidate != best).forEach(refused ->
                        assertThat(choice.choice()).contains("no " + refused.name() + ": " + refused.reason()));
            }
        }
    }

    @Test
    void aNamedBackendIsOpenedAsNamed() {
        Backends.Choice choice = Backends.open("reference", 3);
        try (Backend backend = choice.backend()) {
            assertThat(backend.name()).isEqualTo("reference");
            assertThat(choice.choice()).isEqualTo("reference: " + backend.description());
            assertThat(backend.device()).isEqualTo(Device.CPU);
            assertThat(backend.guarantees()).isEqualTo(new Backend.Guarantees(true, true));
        }
    }

    @Test
    void unknownAndUnavailableDevicesAreRefusedWithTheReason() {
        assertThatExceptionOfType(Backends.UnavailableDeviceException.class)
                .isThrownBy(() -> Backends.open("abacus", 1)).withMessageContaining("abacus")
                .withMessageContaining("reference");
        Backends.candidates().stream().filter(candidate -> !candidate.available()).forEach(missing ->
                assertThatExceptionOfType(Backends.UnavailableDeviceException.class)
                        .isThrownBy(() -> Backends.open(missing.name(), 1)).withMessageContaining(missing.reason()));
    }

    @Test
    void atLeastOneThreadIsNeeded() {
        assertThatIllegalArgumentException().isThrownBy(() -> Backends.open("reference", 0))
                .withMessageContaining("0 threads");
        assertThat(Backends.defaultThreads()).isPositive();
    }
}
