package org.flowrl.transformer;

import java.util.List;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Token sequences one after the other, without padding: N tokens of B sequences.
///
/// @param ids I32 `[N]`
/// @param positions I32 `[N]`: each token's place in its sequence, from 0
/// @param starts I32 `[B + 1]`: sequence b holds tokens `starts[b] … starts[b+1]−1`
/// @param longest tokens of the longest sequence
public record PackedSequences(Tensor ids, Tensor positions, Tensor starts, int longest) {
    /// The sequences in this order, in `scope`.
    ///
    /// @throws IllegalArgumentException where there is no sequence, or one is empty
    public static PackedSequences of(Scope scope, List<int[]> sequences) {
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("pack: there must be at least one sequence");
        }
        int[] starts = new int[sequences.size() + 1];
        for (int b = 0; b < sequences.size(); b++) {
            int length = sequences.get(b).length;
            if (length == 0) {
                throw new IllegalArgumentException("pack: sequence " + b + " must have at least one token");
            }
            starts[b + 1] = Math.addExact(starts[b], length);
        }
        int[] ids = new int[starts[sequences.size()]];
        for (int b = 0; b < sequences.size(); b++) {
            System.arraycopy(sequences.get(b), 0, ids, starts[b], starts[b + 1] - starts[b]);
        }
        return of(scope, ids, starts);
    }

    /// Sequences that are packed already, in `scope`.
    ///
    /// @param ids `[N]`
    /// @param starts [B + 1], rising from 0 to N
    public static PackedSequences of(Scope scope, int[] ids, int[] starts) {
        int[] positions = new int[ids.length];
        int longest = 0;
        for (int b = 0; b < starts.length - 1; b++) {
            for (int n = starts[b]; n < starts[b + 1]; n++) {
                positions[n] = n - starts[b];
            }
            longest = Math.max(longest, starts[b + 1] - starts[b]);
        }
        return new PackedSequences(scope.of(ids, ids.length), scope.of(positions, ids.length),
                scope.of(starts, starts.length), longest);
    }
}
