package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.junit.jupiter.api.Test;

class RotaryTableTest {
    /// cos and sin of p · θ^(−2e/E); E = 16 and θ = 10,000 in the tiny models. Tables grow, and those that were given
    /// out before stay as they are.
    @Test
    void tablesReachAsFarAsIsAskedUpToTheModelsPositions() {
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("test", memory)) {
            RotaryTable table = new RotaryTable(QwenConfig.tiny(9, 32, 1, 700));
            RotaryTable.Angles first = table.upTo(10, DType.F64, scope);
            RotaryTable.Angles longer = table.upTo(300, DType.F64, scope);
            assertThat(longer.cos().dim(0)).isBetween(300L, 700L);
            assertThat(table.upTo(700, DType.F64, scope).sin().dim(0)).isEqualTo(700);
            for (int p : new int[] {0, 1, 9, 299}) {
                for (int e = 0; e < 8; e++) {
                    double angle = p * StrictMath.pow(10_000, -2.0 * e / 16);
                    assertThat(longer.cos().get(p * 8L + e)).isEqualTo(StrictMath.cos(angle));
                    assertThat(longer.sin().get(p * 8L + e)).isEqualTo(StrictMath.sin(angle));
                }
            }
            assertThat(first.cos().get(9 * 8L)).isEqualTo(StrictMath.cos(9));
            assertThatIllegalArgumentException().isThrownBy(() -> table.upTo(701, DType.F64, scope)).withMessage(
                    "qwen: a sequence of 701 tokens must not exceed max_position_embeddings 700");
        }
    }
}
