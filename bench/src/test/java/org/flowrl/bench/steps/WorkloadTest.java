package org.flowrl.bench.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkloadTest {
    @Test
    void theHalfBillionModelHasThePublishedParameterCount() {
        // 494,032,768 as Qwen's model card and the checkpoint count it.
        long d = Workload.half().hiddenSize();
        long f = Workload.half().intermediateSize();
        long attention = 2 * d * d + 2 * 128 * d + d + 2 * 128;
        long block = attention + 3 * d * f + 2 * d;
        assertThat(Workload.half().vocabSize() * d + 24 * block + d).isEqualTo(494_032_768);
    }

    @Test
    void tokensAreTheSameEachTimeAndDifferBetweenSequences() {
        Workload workload = Workload.named("train-0.5b");
        List<int[]> first = workload.tokens();
        List<int[]> second = workload.tokens();
        assertThat(first.get(0)).hasSize(257).containsExactly(second.get(0)).isNotEqualTo(first.get(1));
        assertThat(Arrays.stream(first.get(0))).allMatch(id -> id >= 0 && id < 151_936);
    }

    @Test
    void decodingIsCreditedWithTheTokensAfterTheFirst() {
        assertThat(Workload.named("decode-8").creditedTokens()).isEqualTo(8 * 63);
        assertThat(Workload.named("prefill-512").creditedTokens()).isEqualTo(512);
        assertThat(Workload.named("train-small").creditedTokens()).isEqualTo(32 * 64);
    }

    @Test
    void anUnknownNameIsAnErrorThatListsTheKnownOnes() {
        assertThatThrownBy(() -> Workload.named("train-7b")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'train-7b'").hasMessageContaining("train-0.5b");
    }

    @Test
    void weightsDependOnTheNameAndNormsLieAroundOne() {
        assertThat(RandomWeights.of("a.weight", 8, 0.02)).containsExactly(RandomWeights.of("a.weight", 8, 0.02));
        assertThat(RandomWeights.of("a.weight", 8, 0.02)).isNotEqualTo(RandomWeights.of("b.weight", 8, 0.02));
        float[] norm = RandomWeights.of("model.norm.weight", 1000, 0.02);
        float[] bias = RandomWeights.of("q_proj.bias", 1000, 0.02);
        for (int i = 0; i < norm.length; i++) {
            assertThat(norm[i]).isBetween(0.9f, 1.1f);
            // sqrt(3) standard deviations.
            assertThat(bias[i]).isBetween(-0.0347f, 0.0347f);
        }
    }
}
