package org.flowrl.autograd.ops;

import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Tensor;

/// Causal self-attention over packed sequences and rotary positions.
public final class Attention {
    private Attention() {
    }

    /// Each token's attention over its sequence up to itself, out [N, H, E]; see {@link AttentionKernels#forward}.
    ///
    /// @param q [N, H, E]
    /// @param k [N, G, E]
    /// @param v [N, G, E]
    /// @param starts I32 [B + 1]
    public static Var causal(Var q, Var k, Var v, Tensor starts, double scale) {
        return causal(q, k, v, starts, scale, DType.F32);
    }

    /// As {@link #causal(Var, Var, Var, Tensor, double)}, beside weights that are packed as `storage`, see
    /// {@link Backend#attention(DType)}.
    public static Var causal(Var q, Var k, Var v, Tensor starts, double scale, DType storage) {
        Tape tape = q.tape();
        AttentionKernels kernels = tape.backend().attention(storage);
        Tensor out = tape.like(q.value());
        Tensor statistics = tape.allocate(out.dtype(), q.dim(0), q.dim(1), 2);
        kernels.forward(q.value(), k.value(), v.value(), starts, scale, out, statistics);
        return tape.record(out, (dout, adjoints) -> {
            Tensor dq = tape.like(q.value());
            Tensor dk = tape.like(k.value());
            Tensor dv = tape.like(v.value());
            kernels.backward(dout, q.value(), k.value(), v.value(), out, statistics, starts, scale, dq, dk, dv);
            adjoints.give(q, dq);
            adjoints.give(k, dk);
            adjoints.give(v, dv);
        }, q, k, v);
    }

    /// Rotary positions on x [N, H, E], Qwen's half-split form; see {@link RowKernels#rope}.
    ///
    /// @param positions I32 `[N]`
    /// @param cos [P, E/2]
    /// @param sin [P, E/2]
    public static Var rope(Var x, Tensor positions, Tensor cos, Tensor sin) {
        Tape tape = x.tape();
        RowKernels kernels = tape.backend().rows();
        Tensor y = tape.like(x.value());
        kernels.rope(x.value(), positions, cos, sin, false, y);
        return tape.record(y, (dy, adjoints) ->
                adjoints.add(x, dx -> kernels.rope(dy, positions, cos, sin, true, dx)), x);
    }
}
