package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PaddedBatchTest {
    private final Memory memory = Memory.ofHost();
    private final Scope scope = Scope.root("test", memory);

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    private Tensor integers(int... values) {
        return scope.of(values, 2, values.length / 2);
    }

    @Test
    void packedSequencesCountPositionsFromEachFirstToken() {
        PackedSequences packed = PackedSequences.of(scope, List.of(new int[] {5, 6, 7}, new int[] {8}));
        assertThat(packed.ids().toInts()).containsExactly(5, 6, 7, 8);
        assertThat(packed.positions().toInts()).containsExactly(0, 1, 2, 0);
        assertThat(packed.starts().toInts()).containsExactly(0, 3, 4);
        assertThat(packed.longest()).isEqualTo(3);
    }

    @Test
    void paddingOnEitherSideIsLeftOut() {
        PaddedBatch batch = PaddedBatch.of(integers(9, 9, 5, 6, 7, 9, 9, 9), integers(0, 0, 1, 1, 1, 0, 0, 0));
        assertThat(batch.sequences()).containsExactly(new int[] {5, 6}, new int[] {7});
        assertThat(batch.offsets()).containsExactly(2, 0);
        assertThat(batch.pack(scope).ids().toInts()).containsExactly(5, 6, 7);
    }

    @Test
    void withoutAMaskEveryTokenCounts() {
        assertThat(PaddedBatch.of(integers(1, 2, 3, 4), null).sequences())
                .containsExactly(new int[] {1, 2}, new int[] {3, 4});
    }

    @Test
    void packedRowsGoBackToTheirPlaces() {
        PaddedBatch batch = PaddedBatch.of(integers(9, 5, 6, 7, 9, 9), integers(0, 1, 1, 1, 0, 0));
        Tensor rows = scope.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
        assertThat(batch.unpack(rows, scope).toFloats()).containsExactly(0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0);
        assertThat(batch.unpack(scope.of(new float[] {1, 2, 3}, 3), scope).toFloats())
                .containsExactly(0, 1, 2, 3, 0, 0);
    }

    @Test
    void badBatchesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> PackedSequences.of(scope, List.of()))
                .withMessage("pack: there must be at least one sequence");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PackedSequences.of(scope, List.of(new int[] {1}, new int[0])))
                .withMessage("pack: sequence 1 must have at least one token");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PaddedBatch.of(integers(1, 2, 3, 4, 5, 6), integers(1, 1, 1, 1, 0, 1)))
                .withMessage("padded batch: attention_mask of row 1 must not have padding between tokens, as it has "
                        + "before column 2");
        assertThatIllegalArgumentException().isThrownBy(() -> PaddedBatch.of(integers(1, 2), integers(1, 0)))
                .withMessage("padded batch: row 1 must have at least one token");
        assertThatIllegalArgumentException().isThrownBy(() -> PaddedBatch.of(integers(1, 2), integers(1, 2)))
                .withMessage("padded batch: attention_mask[1, 0] = 2 must be 0 or 1");
        assertThatIllegalArgumentException().isThrownBy(() -> PaddedBatch.of(integers(1, -2), null))
                .withMessage("padded batch: input_ids[1, 0] = -2 must be a token id");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PaddedBatch.of(integers(1, 2), scope.of(new int[] {1}, 1, 1)))
                .withMessageContaining("attention_mask I32[1, 1] must have the shape of input_ids I32[2, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PaddedBatch.of(scope.of(new float[] {1}, 1, 1), null))
                .withMessageContaining("input_ids F32[1, 1] must be I64 or I32 [B, T]");
    }
}
