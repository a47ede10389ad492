package org.flowrl.transformer;

import java.util.stream.IntStream;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.Tensor;

/// New tokens of some cached sequences, for one forward pass; made by {@link KvCache#prepare}. N tokens of B sequences.
///
/// @param cache holds the sequences
/// @param ids I32 `[N]`, sequence by sequence
/// @param positions I32 `[N]`: each token's place in its sequence, the tokens before it included
/// @param slots I32 `[N]`: where its key and value go, page · 16 + lane
/// @param sequences I32 `[N]`: its row of `pageTable`
/// @param pageTable I32 [B, pages]: the page of positions 16·i … 16·i+15 of each sequence
/// @param lastRows `[B]`: the row of each sequence's last new token, which predicts what follows
/// @param longest tokens of the longest sequence, the new ones included
public record CacheBatch(KvCache cache, Tensor ids, Tensor positions, Tensor slots, Tensor sequences, Tensor pageTable,
        int[] lastRows, int longest) {
    /// A layer's pages, and where the tokens stand in them.
    FusedKernels.Pages pages(int layer) {
        return new FusedKernels.Pages(cache.keyPages(layer), cache.valuePages(layer), slots, positions, sequences,
                pageTable);
    }

    /// True where each sequence has one new token, as in a decoding step.
    boolean isOneTokenEach() {
        return ids.elements() == pageTable.dim(0)
                && IntStream.range(0, lastRows.length).allMatch(row -> lastRows[row] == row);
    }

    /// Writes the new keys and values of one layer, and reads all of the sequences: [N, H, E], without a gradient.
    ///
    /// @param q [N, H, E]
    /// @param k [N, G, E]
    /// @param v [N, G, E]
    /// @param storage of the model's packed weights
    Var attend(int layer, Var q, Var k, Var v, double scale, DType storage) {
        Tape tape = q.tape();
        AttentionKernels kernels = tape.backend().attention(storage);
        Tensor keyPages = cache.keyPages(layer);
        Tensor valuePages = cache.valuePages(layer);
        kernels.writePages(k.value(), v.value(), slots, keyPages, valuePages);
        Tensor out = tape.like(q.value());
        kernels.forwardPaged(q.value(), keyPages, valuePages, positions, sequences, pageTable, scale, out);
        return tape.constant(out);
    }
}
