package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DecodeBatchTest {
    private final Memory memory = Memory.ofHost();
    private final Scope scope = Scope.root("test", memory);
    private final KvCache cache = new KvCache(TinyConfigs.qwen2(), DType.F32, scope, 5);
    private final int spare = DecodeBatch.openSpare(cache);
    private final DecodeBatch batch = new DecodeBatch(cache, scope, spare, 3, 33);

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    private int sequence(int length) {
        int sequence = cache.open();
        cache.prepare(scope, new int[] {sequence}, new int[][] {new int[length]});
        return sequence;
    }

    /// Page 0 is the spare sequence's, the others are taken in order: pages 1 and 2, then 3.
    @Test
    void rowsSayWhereTheirTokensStandAndTheRestIsTheSpareSequence() {
        int a = sequence(17);
        int b = sequence(2);
        long ids = batch.rows().ids().address();
        batch.write(new int[] {b, a}, new int[][] {{7}, {8}});
        assertThat(batch.rows().ids().toInts()).containsExactly(7, 8, 0);
        assertThat(batch.rows().positions().toInts()).containsExactly(2, 17, 0);
        assertThat(batch.rows().slots().toInts()).containsExactly(3 * 16 + 2, 2 * 16 + 1, 0);
        assertThat(batch.rows().sequences().toInts()).containsExactly(0, 1, 2);
        assertThat(batch.rows().pageTable().toInts()).containsExactly(3, 0, 0, 1, 2, 0, 0, 0, 0);
        batch.write(new int[] {a}, new int[][] {{9}});
        assertThat(batch.rows().ids().toInts()).containsExactly(9, 0, 0);
        assertThat(batch.rows().positions().toInts()).containsExactly(18, 0, 0);
        assertThat(batch.rows().ids().address()).isEqualTo(ids);
        assertThat(cache.length(a)).isEqualTo(19);
        assertThat(cache.length(spare)).isEqualTo(1);
    }

    @Test
    void whatDoesNotFitIsRefusedAndNothingIsAppended() {
        int a = sequence(32);
        batch.write(new int[] {a}, new int[][] {{1}});
        assertThatIllegalArgumentException().isThrownBy(() -> batch.write(new int[] {a}, new int[][] {{1}}))
                .withMessage("decode batch: sequence " + a + " of 33 tokens and 1 new ones must get one token, and not "
                        + "exceed 33");
        int b = sequence(1);
        assertThatIllegalArgumentException().isThrownBy(() -> batch.write(new int[] {b}, new int[][] {{1, 2}}))
                .withMessageContaining("must get one token");
        assertThatIllegalArgumentException().isThrownBy(() -> batch.write(new int[4], new int[4][1]))
                .withMessage("decode batch: 4 sequences must not be more than 3 rows");
        assertThat(cache.length(a)).isEqualTo(33);
        assertThat(cache.length(b)).isEqualTo(1);
    }
}
