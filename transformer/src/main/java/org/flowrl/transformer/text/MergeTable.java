package org.flowrl.transformer.text;

import java.util.Arrays;

/// The merges of a byte-pair encoding: a pair of adjacent ids to its rank and to the id that it becomes.
///
/// An open-addressing hash table of longs, because an encoder looks up about three pairs a byte of unseen text.
final class MergeTable {
    /// What [#find] returns for a pair that does not merge.
    static final long ABSENT = -1;

    /// A key is a pair of ids, each non-negative, so no key is −1.
    private static final long FREE = -1;
    /// 2^64 divided by the golden ratio: a multiplier that spreads consecutive keys over the upper bits.
    private static final long SPREAD = 0x9e3779b97f4a7c15L;

    private final long[] slots; // key, value, key, value, …
    private final int shift;

    /// A table with room for `merges` pairs at a load of one half at most.
    MergeTable(int merges) {
        int bits = 64 - Long.numberOfLeadingZeros(Math.max(8L, merges * 2L) - 1);
        shift = 64 - bits;
        slots = new long[2 << bits];
        Arrays.fill(slots, FREE);
    }

    /// Adds a merge; false, and nothing changed, where the pair has one already. Lower ranks merge first.
    boolean add(int left, int right, int rank, int merged) {
        long key = key(left, right);
        int slot = slot(key);
        if (slots[slot] == key) {
            return false;
        }
        slots[slot] = key;
        slots[slot + 1] = (long) rank << 32 | merged;
        return true;
    }

    /// The merge of an adjacent pair as `rank << 32 | merged id`, or [#ABSENT].
    long find(int left, int right) {
        int slot = slot(key(left, right));
        return slots[slot + 1]; // a free slot holds −1 = ABSENT here too
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }

    private int slot(long key) {
        int mask = slots.length - 1;
        int slot = (int) (key * SPREAD >>> shift) << 1;
        while (slots[slot] != key && slots[slot] != FREE) {
            slot = slot + 2 & mask;
        }
        return slot;
    }
}
