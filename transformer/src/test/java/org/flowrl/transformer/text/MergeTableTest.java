package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MergeTableTest {
    /// As full as the table gets, half of its slots, so that many pairs meet in one.
    @Test
    void everyMergeIsFoundAndNothingElse() {
        int count = 1 << 12;
        SplittableRandom random = new SplittableRandom(1);
        Map<Long, Integer> ranks = new LinkedHashMap<>();
        MergeTable table = new MergeTable(count);
        while (ranks.size() < count) {
            int left = random.nextInt(300);
            int right = random.nextInt(300);
            boolean isNew = ranks.putIfAbsent((long) left << 32 | right, ranks.size()) == null;
            assertThat(table.add(left, right, isNew ? ranks.size() - 1 : count, left + right)).isEqualTo(isNew);
        }
        for (int left = 0; left < 300; left++) {
            for (int right = 0; right < 300; right++) {
                Integer rank = ranks.get((long) left << 32 | right);
                assertThat(table.find(left, right)).as("%d, %d", left, right)
                        .isEqualTo(rank == null ? MergeTable.ABSENT : (long) rank << 32 | left + right);
            }
        }
    }
}
