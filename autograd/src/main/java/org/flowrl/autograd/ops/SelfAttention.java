package org.flowrl.autograd.ops;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.autograd.Adjoints;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.Tensor;

/// The causal attention of a decoder block over packed sequences as one op, where a backend gains by it; see
/// {@link FeedForward}. Queries, keys and values are one product. N tokens, D model, H query heads, G key heads, E head
/// size.
public final class SelfAttention {
    private SelfAttention() {
    }

    /// The attention's parameters, all of one store.
    ///
    /// @param norm `[D]`
    /// @param eps of the norm
    /// @param projections matrices of queries [H · E, D], keys and values [G · E, D]
    /// @param biases of the three, or none
    /// @param headNorms of queries and keys; null for none
    /// @param output matrix [D, H · E]
    public record Weights(Parameter norm, double eps, List<Parameter> projections, List<Parameter> biases,
            HeadNorms headNorms, Parameter output) {
        public Weights {
            projections = List.copyOf(projections);
            biases = List.copyOf(biases);
            if (projections.size() != 3 || !(biases.isEmpty() || biases.size() == 3)) {
                throw new IllegalArgumentException("self-attention: " + projections.size() + " projections and "
                        + biases.size() + " biases must be 3 and 3, or 3 and none");
            }
            if (Stream.of(projections, biases, norms(headNorms), List.of(output)).flatMap(List::stream)
                    .anyMatch(weight -> weight.store() != norm.store())) {
                throw new IllegalArgumentException("self-attention: its parameters must be of one store");
            }
        }
    }

    /// Norms of each query head and of each key head, as Qwen3 has them.
    ///
    /// @param query `[E]`
    /// @param key `[E]`
    public record HeadNorms(Parameter query, Parameter key, double eps) {
    }

    private static List<Parameter> norms(HeadNorms norms) {
        return norms == null ? List.of() : List.of(norms.query, norms.key);
    }

    /// Where tokens stand.
    ///
    /// @param positions I32 `[N]`
    /// @param cos [P, E/2], P above every position
    /// @param sin [P, E/2], P above every position
    /// @param starts I32 [B + 1], where sequences start and end
    /// @param scale of scores
    public record Places(Tensor positions, Tensor cos, Tensor sin, Tensor starts, double scale) {
    }

    /// The stream x [N, D] with the attention's output added; empty where the backend has no kernels for it, and the
    /// operations are to be composed.
    /// ```
    /// y = x + attention(rope(n · qᵀ + …), rope(n · kᵀ + …), n · vᵀ + …) · outputᵀ      n = rmsNorm(x)
    /// rope of rmsNorm(…) where heads have norms
    /// ```
    public static Optional<Var> addTo(Var x, Weights weights, Places places) {
        return FusedProducts.like(x.tape(), weights.output).map(fused -> addTo(x, weights, places, fused));
    }

    /// Queries [N, H, E], keys and values [N, G, E], or their gradients.
    private record Heads(Tensor q, Tensor k, Tensor v) {
        static Heads allocate(Tape tape, long rows, Weights weights, long size) {
            return new Heads(room(tape, rows, weights, 0, size), room(tape, rows, weights, 1, size),
                    room(tape, rows, weights, 2, size));
        }

        private static Tensor room(Tape tape, long rows, Weights weights, int index, long size) {
            return tape.allocate(DType.F32, rows, weights.projections.get(index).shape().dim(0) / size, size);
        }

        void release(Tape tape) {
            Stream.of(q, k, v).forEach(tape.scope()::release);
        }
    }

    private static Var addTo(Var x, Weights weights, Places places, FusedProducts fused) {
        Tape tape = x.tape();
        long size = 2 * places.cos.dim(1);
        Var output = tape.parameter(weights.output);
        List<Var> biases = weights.biases.stream().map(tape::parameter).toList();
        List<Var> headNorms = norms(weights.headNorms).stream().map(tape::parameter).toList();
        FusedProducts.Inputs inputs = new FusedProducts.Inputs(tape.parameter(weights.norm), weights.eps,
                weights.projections.stream().map(tape::parameter).toList());
        FusedKernels.HeadTerms terms = terms(weights, places);
        FusedProducts.Normed normed = fused.norm(x, inputs);
        Tensor projected = fused.products(normed, inputs);                            // [N, (H + 2 G) E]
        Heads heads = Heads.allocate(tape, x.dim(0), weights, size);
        fused.gradients().splitHeads(projected, terms, places.positions, heads.q, heads.k, heads.v);
        if (headNorms.isEmpty()) {
            tape.scope().release(projected);
        }
        Tensor out = tape.like(heads.q);                                              // [N, H, E]
        Tensor statistics = tape.allocate(DType.F32, x.dim(0), heads.q.dim(1), 2);
        AttentionKernels attention = tape.backend().attention(weights.output.packed().storage());
        attention.forward(heads.q, heads.k, heads.v, places.starts, places.scale, out, statistics);
        Tensor read = fused.operand(out.reshape(x.dim(0), weights.output.shape().dim(1)), normed.operand().dtype());
        return tape.record(fused.added(read, output, x), (dy, adjoints) -> {
            Tensor dout = fused.addedBackward(dy, read, output, adjoints);
            Heads gradients = Heads.allocate(tape, x.dim(0), weights, size);
            attention.backward(dout.reshape(out.shape().toArray()), heads.q, heads.k, heads.v, out, statistics,
                    places.starts, places.scale, gradients.q, gradients.k, gradients.v);
            tape.scope().release(dout);
            Tensor dprojected = tape.allocate(read.dtype(), x.dim(0), inputs.weights().stream()
                    .mapToLong(weight -> weight.parameter().shape().dim(0)).sum());
            fused.gradients().joinHeads(gradients.q, gradients.k, gradients.v, headNorms.isEmpty() ? null
                    : new FusedGradients.HeadNorms(projected, fused.sum(headNorms.get(0), adjoints),
                            fused.sum(headNorms.get(1), adjoints)), terms, places.positions, dprojected);
            gradients.release(tape);
            addBiasGradients(dprojected, biases, fused, adjoints);
            fused.backward(dprojected, x, dy, normed, inputs, adjoints);
            tape.scope().release(dprojected);
        }, Stream.of(List.of(x, inputs.norm(), output), inputs.weights(), biases, headNorms).flatMap(List::stream)
                .toArray(Var[]::new));
    }

    private static void addBiasGradients(Tensor dprojected, List<Var> biases, FusedProducts fused,
            Adjoints adjoints) {
        if (!biases.isEmpty() && adjoints.wants(biases.getFirst())) {
            fused.gradients().biasGradients(dprojected, biases.stream().map(adjoints::sum).toList());
        }
    }

    private static FusedKernels.HeadTerms terms(Weights weights, Places places) {
        HeadNorms norms = weights.headNorms;
        return new FusedKernels.HeadTerms(bias(weights, 0), bias(weights, 1), bias(weights, 2),
                norms == null ? null : norms.query.value(), norms == null ? null : norms.key.value(),
                norms == null ? 0 : norms.eps, places.cos, places.sin);
    }

    private static Tensor bias(Weights weights, int index) {
        return weights.biases.isEmpty() ? null : weights.biases.get(index).value();
    }
}
