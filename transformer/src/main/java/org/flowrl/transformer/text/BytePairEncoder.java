package org.flowrl.transformer.text;

/// Merges the bytes of one piece into tokens: again and again the adjacent pair of lowest rank, the leftmost of equal
/// ones, until no adjacent pair has a merge.
///
/// Holds the scratch memory of one thread's encoding. A piece of n bytes takes O(n log n): pairs wait in a binary heap
/// ordered by `rank << 32 | position`, and an entry whose pair has changed since is recognised by its rank and dropped.
/// Source: Sennrich, Haddow and Birch 2016, section 3.2; order of merges as in the `tokenizers` library.
final class BytePairEncoder {
    private static final int NO_RANK = -1;
    private static final int INITIAL_CAPACITY = 64;

    private final MergeTable merges;

    private int[] ids;      // id of the symbol that starts at a position
    private int[] next;     // position of the symbol after it
    private int[] previous; // position of the symbol before it
    private int[] ranks;    // rank of the pair (symbol, next symbol), or NO_RANK
    private int[] merged;   // id which that pair becomes
    private long[] heap;
    private int heapSize;
    private int size;

    BytePairEncoder(MergeTable merges) {
        this.merges = merges;
        allocate(INITIAL_CAPACITY);
    }

    /// How many symbols the scratch memory holds.
    int capacity() {
        return ids.length;
    }

    /// Forgets the symbols added so far.
    void clear() {
        size = 0;
    }

    /// Appends the symbol of one byte.
    void add(int id) {
        if (size == ids.length) {
            int[] shorter = ids;
            allocate(size * 2);
            System.arraycopy(shorter, 0, ids, 0, size);
        }
        ids[size++] = id;
    }

    /// Merges the symbols added since [#clear] and returns the ids that remain.
    int[] merge() {
        collectPairs();
        int remaining = size;
        while (heapSize > 0) {
            long top = pop();
            int position = (int) top;
            if (ranks[position] == (int) (top >>> 32)) {
                mergeAt(position);
                remaining--;
            }
        }
        int[] result = new int[remaining];
        for (int i = 0, position = 0; i < remaining; i++, position = next[position]) {
            result[i] = ids[position];
        }
        return result;
    }

    private void collectPairs() {
        heapSize = 0;
        for (int i = 0; i < size; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            ranks[i] = NO_RANK;
        }
        for (int i = 0; i + 1 < size; i++) {
            findPair(i);
        }
    }

    private void mergeAt(int position) {
        int absorbed = next[position];
        int after = next[absorbed];
        ids[position] = merged[position];
        next[position] = after;
        ranks[absorbed] = NO_RANK;
        ranks[position] = NO_RANK;
        if (after < size) {
            previous[after] = position;
            findPair(position);
        }
        int before = previous[position];
        if (before >= 0) {
            findPair(before);
        }
    }

    /// Looks up the pair at `position` and its next symbol, and queues it where it merges.
    private void findPair(int position) {
        long merge = merges.find(ids[position], ids[next[position]]);
        if (merge == MergeTable.ABSENT) {
            ranks[position] = NO_RANK;
            return;
        }
        int rank = (int) (merge >>> 32);
        ranks[position] = rank;
        merged[position] = (int) merge;
        push((long) rank << 32 | position);
    }

    private void push(long entry) {
        int child = heapSize++;
        while (child > 0) {
            int parent = child - 1 >>> 1;
            if (heap[parent] <= entry) {
                break;
            }
            heap[child] = heap[parent];
            child = parent;
        }
        heap[child] = entry;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heapSize];
        int hole = 0;
        for (int child = 1; child < heapSize; child = 2 * hole + 1) {
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[hole] = heap[child];
            hole = child;
        }
        heap[hole] = last;
        return top;
    }

    private void allocate(int capacity) {
        ids = new int[capacity];
        next = new int[capacity];
        previous = new int[capacity];
        ranks = new int[capacity];
        merged = new int[capacity];
        heap = new long[3 * capacity]; // n − 1 pairs at first, and each of at most n − 1 merges queues two more
    }
}
