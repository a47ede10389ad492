package org.flowrl.autograd.ops;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.Tensor;

/// The gated feed-forward network of a decoder block as one op, where a backend gains by it: what products read is
/// written once, in their type, and kept for their gradients; gates and ups are one product, their gradients another.
/// N tokens, D model, F feed-forward.
public final class FeedForward {
    private FeedForward() {
    }

    /// The network's parameters, all of one store.
    ///
    /// @param norm `[D]`
    /// @param eps of the norm
    /// @param gate matrix [F, D]
    /// @param up matrix [F, D]
    /// @param down matrix [D, F]
    public record Weights(Parameter norm, double eps, Parameter gate, Parameter up, Parameter down) {
        public Weights {
            if (Stream.of(gate, up, down).anyMatch(weight -> weight.store() != norm.store())) {
                throw new IllegalArgumentException("feed-forward network: its parameters must be of one store");
            }
        }
    }

    /// The stream x [N, D] with the network's output added; empty where the backend has no kernels for it, and the
    /// operations are to be composed.
    /// ```
    /// y = x + (silu(n · gateᵀ) · (n · upᵀ)) · downᵀ      n = rmsNorm(x)
    /// ```
    public static Optional<Var> addTo(Var x, Weights weights) {
        return FusedProducts.like(x.tape(), weights.down).map(fused -> addTo(x, weights, fused));
    }

    private static Var addTo(Var x, Weights weights, FusedProducts fused) {
        Tape tape = x.tape();
        Var down = tape.parameter(weights.down);
        FusedProducts.Inputs inputs = new FusedProducts.Inputs(tape.parameter(weights.norm), weights.eps,
                List.of(tape.parameter(weights.gate), tape.parameter(weights.up)));
        FusedProducts.Normed normed = fused.norm(x, inputs);                                        // [N, D]
        Tensor projected = fused.products(normed, inputs);                                          // [N, 2 F]
        Tensor gated = tape.allocate(normed.operand().dtype(), x.dim(0), weights.gate.shape().dim(0));
        fused.kernels().swiGlu(projected, gated);                                                   // [N, F]
        return tape.record(fused.added(gated, down, x), (dy, adjoints) -> {
            Tensor dgated = fused.addedBackward(dy, gated, down, adjoints);
            Tensor dprojected = tape.scope().allocate(gated.dtype(), projected.shape());
            fused.gradients().swiGluBackward(dgated, projected, dprojected);
            tape.scope().release(dgated);
            fused.backward(dprojected, x, dy, normed, inputs, adjoints);
            tape.scope().release(dprojected);
        }, Stream.concat(Stream.of(x, inputs.norm(), down), inputs.weights().stream()).toArray(Var[]::new));
    }
}
