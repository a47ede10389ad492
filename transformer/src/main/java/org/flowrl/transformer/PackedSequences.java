package org.flowrl.transformer;

import java.util.List;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Token sequences one after the other, without padding: N tokens of B sequences.
///
/// @param ids I32 [N]
/// @param positions I32 [N]: each token's place in its sequence, from 0
/// @param starts I32 [B + 1]: sequence b holds tokens starts[b] … starts[b+1]−1
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
        int longest = 0;
        for (int b = 0; b < sequences.size(); b++) {
            int length = sequences.get(b).length;
            if (length == 0) {
                throw new IllegalArgumentException("pack: sequence " + b + " must have at least one token");
            }
            starts[b + 1] = Math.addExact(starts[b], length);
            longest = Math.max(longest, length);
        }
        int n = starts[sequences.size()];
        int[] ids = new int[n];
        int[] positions = new int[n];
        for (int b = 0; b < sequences.size(); b++) {
            int[] sequence = sequences.get(b);
            System.arraycopy(sequence, 0, ids, starts[b], sequence.length);
            for (int p = 0; p < sequence.length; p++) {
                positions[starts[b] + p] = p;
            }
        }
        return new PackedSequences(scope.of(ids, n), scope.of(positions, n), scope.of(starts, starts.length), longest);
    }
}
