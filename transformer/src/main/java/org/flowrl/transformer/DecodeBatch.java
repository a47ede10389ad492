package org.flowrl.transformer;

import java.util.Arrays;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// One new token of each of some cached sequences, in tensors that stay where they are and as large as they are: what a
/// recorded forward pass reads. The N rows are more than there are sequences, perhaps; the rest computes the token of a
/// spare sequence, which nobody looks at.
///
/// ```java
/// batch.write(sequences, tokens);
/// Var hidden = model.forward(tape, batch.rows());      // rows sequences.length … N − 1 are of no use
/// ```
public final class DecodeBatch {
    private static final int INPUTS = 4;

    private final KvCache cache;
    private final int[] spare;
    private final int spareSlot;
    private final int count;
    private final int width;
    /// What {@link #integers} is to hold: ids, positions, slots and sequences [N] each, then the page table [N, width].
    private final int[] numbers;
    private final Tensor integers;
    private final CacheBatch rows;

    /// @param scope holds the tensors
    /// @param spare a sequence of one token that is given to no call of {@link #write}, see {@link #openSpare}
    /// @param count N
    /// @param longest tokens of the longest sequence that will ever be given
    public DecodeBatch(KvCache cache, Scope scope, int spare, int count, int longest) {
        this.cache = cache;
        this.spare = new int[] {spare};
        this.count = count;
        this.width = KvCache.pagesFor(longest);
        int[] page = new int[1];
        cache.writePageTable(this.spare, 1, page, 0);
        this.spareSlot = page[0] * KvCache.PAGE_TOKENS;
        this.numbers = new int[count * (INPUTS + width)];
        this.integers = scope.allocate(DType.I32, numbers.length);
        int[] lastRows = new int[count];
        Arrays.setAll(lastRows, row -> row);
        this.rows = new CacheBatch(cache, input(0), input(1), input(2), input(3),
                integers.slice((long) INPUTS * count, (long) count * width).reshape(count, width), lastRows, longest);
    }

    private Tensor input(int index) {
        return integers.slice((long) index * count, count);
    }

    /// Opens a sequence of one token, for rows that no other sequence is in. It takes a page.
    public static int openSpare(KvCache cache) {
        int spare = cache.open();
        cache.append(new int[] {spare}, new int[][] {{0}});
        return spare;
    }

    /// The rows, whose tensors never change place.
    public CacheBatch rows() {
        return rows;
    }

    /// Appends a token to each of at most N sequences and makes the tensors say so: one copy to the device.
    ///
    /// @param tokens of each sequence one
    /// @throws IllegalArgumentException where there are more sequences than rows, or a sequence has grown too long
    /// @throws IllegalStateException where there are not enough free pages; nothing is appended
    public void write(int[] sequences, int[][] tokens) {
        if (sequences.length > count) {
            throw new IllegalArgumentException("decode batch: " + sequences.length + " sequences must not be more than "
                    + count + " rows");
        }
        for (int row = 0; row < sequences.length; row++) {
            if (tokens[row].length != 1 || cache.length(sequences[row]) >= rows.longest()) {
                throw new IllegalArgumentException("decode batch: sequence " + sequences[row] + " of "
                        + cache.length(sequences[row]) + " tokens and " + tokens[row].length
                        + " new ones must get one token, and not exceed " + rows.longest());
            }
        }
        KvCache.Appended appended = cache.append(sequences, tokens);
        put(0, appended.ids(), 0);
        put(1, appended.positions(), 0);
        put(2, appended.slots(), spareSlot);
        for (int row = 0; row < count; row++) {
            numbers[3 * count + row] = row;
        }
        int table = INPUTS * count;
        cache.writePageTable(sequences, width, numbers, table);
        for (int row = sequences.length; row < count; row++) {
            cache.writePageTable(spare, width, numbers, table + row * width);
        }
        integers.copyFrom(numbers);
    }

    private void put(int index, int[] values, int otherwise) {
        int at = index * count;
        System.arraycopy(values, 0, numbers, at, values.length);
        Arrays.fill(numbers, at + values.length, at + count, otherwise);
    }
}
