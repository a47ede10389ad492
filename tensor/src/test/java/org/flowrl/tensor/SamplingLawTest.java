package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SamplingLawTest {
    @Test
    void onlyUntruncatedLawsCoverTheVocabulary() {
        assertThat(SamplingLaw.ofTemperature(0.7).coversVocabulary()).isTrue();
        assertThat(SamplingLaw.greedy().coversVocabulary()).isFalse();
        assertThat(new SamplingLaw(1, 5, 1).coversVocabulary()).isFalse();
        assertThat(new SamplingLaw(1, 0, 0.9).coversVocabulary()).isFalse();
    }

    @Test
    void impossibleLawsAreRefusedByName() {
        assertRefused(-1, 0, 1, "temperature -1.0");
        assertRefused(Double.NaN, 0, 1, "temperature NaN");
        assertRefused(Double.POSITIVE_INFINITY, 0, 1, "temperature Infinity");
        assertRefused(1, -1, 1, "topK -1");
        assertRefused(1, 0, 0, "topP 0.0");
        assertRefused(1, 0, 1.5, "topP 1.5");
        assertRefused(1, 0, Double.NaN, "topP NaN");
    }

    private static void assertRefused(double temperature, int topK, double topP, String message) {
        assertThatIllegalArgumentException().isThrownBy(() -> new SamplingLaw(temperature, topK, topP))
                .withMessageContaining(message);
    }
}
