package org.flowrl.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// A batch [B, T] in which each row's tokens stand together with padding before or after them: the form of other tools
/// and files. Inside, {@link PackedSequences} are used.
///
/// @param columns T
/// @param sequences each row's tokens without the padding
/// @param offsets the column of each row's first token
public record PaddedBatch(int columns, List<int[]> sequences, int[] offsets) {
    /// The batch of `input_ids` and `attention_mask`, integers of type I64 or I32 in host memory.
    ///
    /// @param inputIds [B, T]
    /// @param attentionMask [B, T] of 0 (padding) and 1, or null where there is no padding
    /// @throws IllegalArgumentException where shapes differ, the mask holds another value, a row has no token, or a
    ///     row's tokens do not stand together
    public static PaddedBatch of(Tensor inputIds, Tensor attentionMask) {
        requireIntegers("input_ids", inputIds);
        if (attentionMask != null) {
            requireIntegers("attention_mask", attentionMask);
            if (!attentionMask.shape().equals(inputIds.shape())) {
                throw new IllegalArgumentException("padded batch: attention_mask " + attentionMask
                        + " must have the shape of input_ids " + inputIds);
            }
        }
        int rows = Math.toIntExact(inputIds.dim(0));
        int columns = Math.toIntExact(inputIds.dim(1));
        List<int[]> sequences = new ArrayList<>();
        int[] offsets = new int[rows];
        for (int b = 0; b < rows; b++) {
            boolean[] isToken = tokens(attentionMask, b, columns);
            offsets[b] = first(isToken, b);
            sequences.add(sequence(inputIds, isToken, b, offsets[b]));
        }
        return new PaddedBatch(columns, sequences, offsets);
    }

    /// The rows' tokens, packed, in `scope`.
    public PackedSequences pack(Scope scope) {
        return PackedSequences.of(scope, sequences);
    }

    /// Values of packed tokens at their places in the batch: [B, T, …] of packed [N, …], zeros at padding.
    ///
    /// @param packed in host memory
    public Tensor unpack(Tensor packed, Scope scope) {
        long[] dims = packed.shape().toArray();
        long[] padded = new long[dims.length + 1];
        padded[0] = sequences.size();
        System.arraycopy(dims, 0, padded, 1, dims.length);
        padded[1] = columns;
        Tensor batch = scope.zeros(packed.dtype(), padded);
        long from = 0;
        for (int b = 0; b < sequences.size(); b++) {
            int length = sequences.get(b).length;
            Tensor row = batch.slice(b, 1).reshape(Arrays.copyOfRange(padded, 1, padded.length));
            row.slice(offsets[b], length).copyFrom(packed.slice(from, length));
            from += length;
        }
        return batch;
    }

    private static boolean[] tokens(Tensor attentionMask, int row, int columns) {
        boolean[] isToken = new boolean[columns];
        for (int t = 0; t < columns; t++) {
            double mask = attentionMask == null ? 1 : attentionMask.get((long) row * columns + t);
            if (mask != 0 && mask != 1) {
                throw new IllegalArgumentException("padded batch: attention_mask[" + row + ", " + t + "] = "
                        + (long) mask + " must be 0 or 1");
            }
            isToken[t] = mask == 1;
        }
        return isToken;
    }

    private static int first(boolean[] isToken, int row) {
        for (int t = 0; t < isToken.length; t++) {
            if (isToken[t]) {
                return t;
            }
        }
        throw new IllegalArgumentException("padded batch: row " + row + " must have at least one token");
    }

    private static int[] sequence(Tensor inputIds, boolean[] isToken, int row, int offset) {
        int length = 0;
        while (offset + length < isToken.length && isToken[offset + length]) {
            length++;
        }
        for (int t = offset + length; t < isToken.length; t++) {
            if (isToken[t]) {
                throw new IllegalArgumentException("padded batch: attention_mask of row " + row
                        + " must not have padding between tokens, as it has before column " + t);
            }
        }
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            double id = inputIds.get((long) row * isToken.length + offset + i);
            if (!(id >= 0 && id <= Integer.MAX_VALUE)) {
                throw new IllegalArgumentException("padded batch: input_ids[" + row + ", " + (offset + i) + "] = "
                        + (long) id + " must be a token id");
            }
            ids[i] = (int) id;
        }
        return ids;
    }

    private static void requireIntegers(String name, Tensor tensor) {
        if (tensor.shape().rank() != 2 || tensor.dtype() != DType.I64 && tensor.dtype() != DType.I32) {
            throw new IllegalArgumentException("padded batch: " + name + " " + tensor + " must be I64 or I32 [B, T]");
        }
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof PaddedBatch other && Arrays.deepEquals(parts(), other.parts());
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(parts());
    }

    @Override
    public String toString() {
        return "PaddedBatch[columns=" + columns + ", sequences=" + Arrays.deepToString(sequences.toArray())
                + ", offsets=" + Arrays.toString(offsets) + "]";
    }

    /// Records compare arrays by identity; these are compared by their values.
    private Object[] parts() {
        return new Object[] {columns, sequences.toArray(), offsets};
    }
}
