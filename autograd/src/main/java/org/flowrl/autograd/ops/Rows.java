package org.flowrl.autograd.ops;

import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Tensor;

/// Choosing, sharing and summing rows.
public final class Rows {
    private Rows() {
    }

    /// The embedding of each word: `out [N, D] = table[ids]`.
    ///
    /// @param table [V, D]
    /// @param ids I32 `[N]`
    public static Var embedding(Tape tape, Parameter table, Tensor ids) {
        return gather(tape.parameter(table), ids);
    }

    /// The chosen rows of x `[R, D]`, in the order of `indices` I32 `[N]`, repeated where an index is: out `[N, D]`.
    public static Var gather(Var x, Tensor indices) {
        Tape tape = x.tape();
        RowKernels kernels = tape.backend().rows();
        Tensor y = tape.allocate(x.value().dtype(), indices.elements(), x.dim(1));
        kernels.gather(x.value(), indices, y);
        return tape.record(y, (dy, adjoints) -> {
            if (adjoints.wants(x)) {
                kernels.scatterAdd(dy, indices, adjoints.sum(x));
            }
        }, x);
    }

    /// Sums over sequences: out `[B, D]` (or `[B]`) of x `[N, D]` (or `[N]`); see {@link RowKernels#segmentSum}.
    ///
    /// @param starts I32 [B + 1]
    public static Var segmentSum(Var x, Tensor starts) {
        Tape tape = x.tape();
        RowKernels kernels = tape.backend().rows();
        Tensor y = segments(tape, x, starts.elements() - 1);
        kernels.segmentSum(x.value(), starts, y);
        return tape.record(y, (dy, adjoints) ->
                adjoints.add(x, dx -> kernels.segmentBroadcast(dy, starts, dx)), x);
    }

    /// Each sequence's row, repeated for its members: out `[N, D]` (or `[N]`) of x `[B, D]` (or `[B]`).
    ///
    /// @param starts I32 [B + 1]; the last entry is N
    /// @param n number of members
    public static Var segmentBroadcast(Var x, Tensor starts, long n) {
        Tape tape = x.tape();
        RowKernels kernels = tape.backend().rows();
        Tensor y = segments(tape, x, n);
        kernels.segmentBroadcast(x.value(), starts, y);
        return tape.record(y, (dy, adjoints) ->
                adjoints.add(x, dx -> kernels.segmentSum(dy, starts, dx)), x);
    }

    /// The same elements with other dimensions.
    public static Var reshape(Var x, long... dims) {
        return x.tape().record(x.value().reshape(dims), (dy, adjoints) ->
                adjoints.pass(x, dy.reshape(x.shape().toArray())), x);
    }

    private static Tensor segments(Tape tape, Var x, long rows) {
        return x.shape().rank() == 1 ? tape.allocate(x.value().dtype(), rows)
                : tape.allocate(x.value().dtype(), rows, x.dim(1));
    }
}
