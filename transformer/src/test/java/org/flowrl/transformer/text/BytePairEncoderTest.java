package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BytePairEncoderTest {
    private static final int SYMBOLS = 3;
    private static final int MERGES = 40;
    private static final int TABLES = 200;
    private static final int PIECES = 50;
    private static final int LONGEST_PIECE = 80;
    private static final long SEED = 7;

    private record Merge(int left, int right, int merged) {
    }

    @Test
    void theLowestRankMergesFirstAndTheLeftmostOfEqualOnes() {
        // Ids: a = 0, b = 1. "ab" is rank 0, "aa" rank 1: a a a b → a a (ab) → (aa) (ab). And a a a → (aa) a.
        MergeTable table = table(List.of(new Merge(0, 1, 2), new Merge(0, 0, 3)));
        BytePairEncoder encoder = new BytePairEncoder(table);
        assertThat(encode(encoder, new int[] {0, 0, 0, 1})).containsExactly(3, 2);
        assertThat(encode(encoder, new int[] {0, 0, 0})).containsExactly(3, 0);
        assertThat(encode(encoder, new int[] {1})).containsExactly(1);
        assertThat(encode(encoder, new int[] {})).isEmpty();
    }

    @Test
    void randomMergesGiveWhatMergingOnePairAtATimeGives() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int t = 0; t < TABLES; t++) {
            List<Merge> merges = randomMerges(random);
            BytePairEncoder encoder = new BytePairEncoder(table(merges));
            for (int p = 0; p < PIECES; p++) {
                int[] piece = random.ints(random.nextInt(LONGEST_PIECE), 0, SYMBOLS).toArray();
                assertThat(encode(encoder, piece)).isEqualTo(oneAtATime(merges, piece));
            }
        }
    }

    @Test
    void aPairThatIsNotInTheTableHasNoMerge() {
        MergeTable table = new MergeTable(1);
        assertThat(table.add(5, 6, 0, 7)).isTrue();
        assertThat(table.add(5, 6, 1, 8)).isFalse();
        assertThat(table.find(5, 6)).isEqualTo(7);
        assertThat(table.find(6, 5)).isEqualTo(MergeTable.ABSENT);
    }

    /// Merge i joins two symbols that exist by then and makes symbol SYMBOLS + i.
    private static List<Merge> randomMerges(SplittableRandom random) {
        List<Merge> merges = new ArrayList<>();
        MergeTable seen = new MergeTable(MERGES);
        while (merges.size() < MERGES) {
            int known = SYMBOLS + merges.size();
            Merge merge = new Merge(random.nextInt(known), random.nextInt(known), known);
            if (seen.add(merge.left, merge.right, merges.size(), known)) {
                merges.add(merge);
            }
        }
        return merges;
    }

    private static MergeTable table(List<Merge> merges) {
        MergeTable table = new MergeTable(merges.size());
        for (int rank = 0; rank < merges.size(); rank++) {
            Merge merge = merges.get(rank);
            table.add(merge.left, merge.right, rank, merge.merged);
        }
        return table;
    }

    private static int[] encode(BytePairEncoder encoder, int[] piece) {
        encoder.clear();
        for (int id : piece) {
            encoder.add(id);
        }
        return encoder.merge();
    }

    /// The definition, in quadratic time: look for the first merge of the list that applies anywhere, apply it at its
    /// leftmost place, start over.
    private static int[] oneAtATime(List<Merge> merges, int[] piece) {
        List<Integer> ids = new ArrayList<>();
        for (int id : piece) {
            ids.add(id);
        }
        while (mergeOnce(merges, ids)) {
            assertThat(ids).isNotEmpty();
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    private static boolean mergeOnce(List<Merge> merges, List<Integer> ids) {
        for (Merge merge : merges) {
            for (int i = 0; i + 1 < ids.size(); i++) {
                if (ids.get(i) == merge.left && ids.get(i + 1) == merge.right) {
                    ids.set(i, merge.merged);
                    ids.remove(i + 1);
                    return true;
                }
            }
        }
        return false;
    }
}
