package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.junit.jupiter.api.Test;

class PackedSequencesTest {
    /// Attention sees differences of positions alone, so only bits and the model's limit tell where they begin.
    @Test
    void positionsBeginAnewWithEachSequence() {
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("test", memory)) {
            PackedSequences packed = PackedSequences.of(scope, List.of(new int[] {5, 6}, new int[] {7},
                    new int[] {8, 9, 1}));
            assertThat(packed.ids().toInts()).containsExactly(5, 6, 7, 8, 9, 1);
            assertThat(packed.positions().toInts()).containsExactly(0, 1, 0, 0, 1, 2);
            assertThat(packed.starts().toInts()).containsExactly(0, 2, 3, 6);
            assertThat(packed.longest()).isEqualTo(3);
        }
    }

    @Test
    void emptySequencesAreRefused() {
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("test", memory)) {
            assertThatIllegalArgumentException().isThrownBy(() -> PackedSequences.of(scope, List.of()))
                    .withMessage("pack: there must be at least one sequence");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> PackedSequences.of(scope, List.of(new int[1], new int[0])))
                    .withMessage("pack: sequence 1 must have at least one token");
        }
    }
}
