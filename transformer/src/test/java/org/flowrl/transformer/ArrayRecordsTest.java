package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.flowrl.transformer.generate.Completion;
import org.junit.jupiter.api.Test;

/// Records with arrays are equal, and shown, by what is in the arrays.
class ArrayRecordsTest {
    @Test
    void completions() {
        Completion one = completion(7);
        assertThat(one).isEqualTo(completion(7)).hasSameHashCodeAs(completion(7)).isNotEqualTo(completion(8))
                .hasToString("Completion[prompt=0, sample=1, tokens=[3, 7], logProbs=[-0.5, -0.25], finished=true]");
    }

    private static Completion completion(int last) {
        return new Completion(0, 1, new int[] {3, last}, new float[] {-0.5f, -0.25f}, true);
    }

    @Test
    void paddedBatches() {
        PaddedBatch one = batch(7);
        assertThat(one).isEqualTo(batch(7)).hasSameHashCodeAs(batch(7)).isNotEqualTo(batch(8))
                .hasToString("PaddedBatch[columns=3, sequences=[[1, 7], [2]], offsets=[0, 1]]");
    }

    private static PaddedBatch batch(int last) {
        return new PaddedBatch(3, List.of(new int[] {1, last}, new int[] {2}), new int[] {0, 1});
    }
}
