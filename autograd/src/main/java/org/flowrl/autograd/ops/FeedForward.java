package org.flowrl.autograd.ops;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.autograd.Adjoints;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.Tensor;

/// The gated feed-forward network of a decoder block as one op, where a backend gains by it: what products read is
/// written once, in their type, and kept for their gradients; gates and ups are one product, their gradients another.
/// N tokens, D model, F feed-forward.
public final class FeedForward {
    private final Weights weights;
    private final FusedKernels kernels;
    private final FusedGradients gradients;
    private final Tape tape;

    private FeedForward(Weights weights, FusedKernels kernels, FusedGradients gradients, Tape tape) {
        this.weights = weights;
        this.kernels = kernels;
        this.gradients = gradients;
        this.tape = tape;
    }

    /// The network's parameters, all of one store.
    ///
    /// @param norm [D]
    /// @param eps of the norm
    /// @param gate, up matrices [F, D]
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
        Tape tape = x.tape();
        DType storage = weights.down.packed().storage();
        return tape.backend().fused().flatMap(kernels -> tape.backend().fusedGradients(storage)
                .map(gradients -> new FeedForward(weights, kernels, gradients, tape).addTo(x, storage)));
    }

    /// What the forward pass keeps.
    ///
    /// @param normed operand [N, D]
    /// @param inverse [N] of the norm
    /// @param projected gates and ups beside each other [N, 2 F]
    /// @param gated operand [N, F]
    private record Kept(Tensor normed, Tensor inverse, Tensor projected, Tensor gated) {
    }

    private Var addTo(Var x, DType storage) {
        long rows = x.dim(0);
        long width = weights.gate.shape().dim(0);
        Kept kept = new Kept(tape.allocate(storage, rows, x.dim(1)), tape.allocate(DType.F32, rows),
                tape.allocate(DType.F32, rows, 2 * width), tape.allocate(storage, rows, width));
        gradients.norm(x.value(), weights.norm.value(), weights.eps, kept.normed, kept.inverse);
        kernels.products(kept.normed, List.of(weights.gate.packed(), weights.up.packed()), kept.projected);
        kernels.swiGlu(kept.projected, kept.gated);
        Tensor y = tape.like(x.value());
        y.copyFrom(x.value());
        kernels.addProduct(kept.gated, weights.down.packed(), null, y);
        Var norm = tape.parameter(weights.norm);
        Var gate = tape.parameter(weights.gate);
        Var up = tape.parameter(weights.up);
        Var down = tape.parameter(weights.down);
        return tape.record(y, (dy, adjoints) -> {
            Tensor dprojected = dprojected(dy, kept, down, adjoints);
            Tensor dnormed = tape.like(dy);
            gradients.inputGradient(dprojected, List.of(weights.gate.packed(), weights.up.packed()), dnormed);
            if (adjoints.wants(gate)) {
                gradients.weightGradients(dprojected, kept.normed, List.of(adjoints.sum(gate), adjoints.sum(up)));
            }
            tape.scope().release(dprojected);
            Tensor dweight = adjoints.wants(norm) ? adjoints.sum(norm)
                    : tape.scope().zeros(DType.F32, weights.norm.shape());
            Tensor dx = tape.like(dy);
            gradients.normBackward(dnormed, x.value(), weights.norm.value(), kept.inverse, dy, dx, dweight);
            tape.scope().release(dnormed);
            adjoints.give(x, dx);
        }, x, norm, gate, up, down);
    }

    /// The gradient of gates and ups, as an operand, after that of the last weight.
    private Tensor dprojected(Tensor dy, Kept kept, Var down, Adjoints adjoints) {
        DType storage = kept.gated.dtype();
        Tensor rounded = dy;
        if (storage != dy.dtype()) {
            rounded = tape.allocate(storage, dy.dim(0), dy.dim(1));
            tape.backend().elementwise().convert(dy, rounded);
        }
        Tensor dgated = tape.scope().allocate(DType.F32, kept.gated.shape());
        gradients.inputGradient(rounded, List.of(weights.down.packed()), dgated);
        if (adjoints.wants(down)) {
            gradients.weightGradients(rounded, kept.gated, List.of(adjoints.sum(down)));
        }
        Tensor dprojected = tape.scope().allocate(storage, kept.projected.shape());
        gradients.swiGluBackward(dgated, kept.projected, dprojected);
        tape.scope().release(dgated);
        if (rounded != dy) {
            tape.scope().release(rounded);
        }
        return dprojected;
    }
}
