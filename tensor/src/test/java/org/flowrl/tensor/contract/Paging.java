package org.flowrl.tensor.contract;

import java.util.Arrays;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Tensor;

/// Packed sequences laid out over pages of an attention cache in a random order, with pages to spare.
///
/// @param pages number of pages P
/// @param slots I32 `[N]`: where each token is kept
/// @param positions I32 `[N]`: each token's position in its sequence
/// @param sequences I32 `[N]`: each token's sequence
/// @param table I32 [B, pages of the longest sequence and one more]; −1 where a sequence has no page
public record Paging(int pages, Tensor slots, Tensor positions, Tensor sequences, Tensor table) {
    /// Lays out sequences of these lengths.
    public static Paging of(Inputs in, int sparePages, int... lengths) {
        int lanes = Backend.LANES;
        int used = Arrays.stream(lengths).map(length -> (length + lanes - 1) / lanes).sum();
        int[] order = in.permutation(used + sparePages);
        int width = Arrays.stream(lengths).max().orElse(0) / lanes + 1;
        int tokens = Arrays.stream(lengths).sum();
        int[] table = new int[lengths.length * width];
        Arrays.fill(table, -1);
        int[] slots = new int[tokens];
        int[] positions = new int[tokens];
        int[] sequences = new int[tokens];
        int nextPage = 0;
        int n = 0;
        for (int b = 0; b < lengths.length; b++) {
            for (int p = 0; p < lengths[b]; p++, n++) {
                if (p % lanes == 0) {
                    table[b * width + p / lanes] = order[nextPage++];
                }
                slots[n] = table[b * width + p / lanes] * lanes + p % lanes;
                positions[n] = p;
                sequences[n] = b;
            }
        }
        return new Paging(order.length, in.integers(slots), in.integers(positions), in.integers(sequences),
                in.integers(table).reshape(lengths.length, width));
    }
}
