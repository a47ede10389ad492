package org.flowrl.transformer;

import java.util.List;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ops.LowRank;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// A block's pass over tokens of cached sequences, in a decoding step in eight calls of {@link FusedKernels}, and one
/// more for each adapter and for each operand that adapters read: the formulas of {@link QwenBlock}, with the stream
/// written over. What adapters read has been rounded as their weight's operand was.
record FusedBlock(QwenBlock block, FusedKernels kernels, ElementwiseKernels elementwise) {
    /// What the tokens of one pass are told apart by.
    ///
    /// @param scale of the attention's scores
    record Tokens(CacheBatch batch, QwenBlock.Places places, double scale) {
    }

    /// Overwrites the stream x [N, D] with that after the block.
    ///
    /// @param scope holds what is in between until the return
    void overwrite(Tensor x, Tokens tokens, int layer, Scope scope) {
        try (Scope inner = scope.child("block")) {
            addAttention(x, tokens, layer, inner);
        }
        try (Scope inner = scope.child("block")) {
            addFeedForward(x, inner);
        }
    }

    private void addAttention(Tensor x, Tokens tokens, int layer, Scope scope) {
        List<Linear> projections = List.of(block.query(), block.key(), block.value());
        Tensor projected = projected(x, block.inputNorm(), projections, scope);               // [N, (H + 2 G) E]
        FusedKernels.Pages pages = tokens.batch.pages(layer);
        Tensor read = operand(scope, x.dim(0), block.output());                               // [N, H E]
        if (tokens.batch.isOneTokenEach()) {
            kernels.attendNewest(projected, terms(tokens.places), pages, tokens.scale, read);
        } else {
            long heads = block.query().weight().shape().dim(0) / block.headDim();
            Tensor q = scope.allocate(DType.F32, x.dim(0), heads, block.headDim());           // [N, H, E]
            kernels.placeHeads(projected, terms(tokens.places), pages, q);
            kernels.attend(q, pages, tokens.scale, read);
        }
        add(read, block.output(), x, scope);
    }

    private void addFeedForward(Tensor x, Scope scope) {
        Tensor projected = projected(x, block.postAttentionNorm(), List.of(block.gate(), block.up()), scope);
        Tensor gated = operand(scope, x.dim(0), block.down());                                // [N, F]
        kernels.swiGlu(projected, gated);
        add(gated, block.down(), x, scope);
    }

    /// The products of the normed stream with several maps, without their biases.
    private Tensor projected(Tensor x, RmsNorm norm, List<Linear> maps, Scope scope) {
        Tensor normed = operand(scope, x.dim(0), maps.getFirst());                            // [N, D]
        kernels.norm(x, norm.weight().value(), norm.eps(), normed);
        long outputs = maps.stream().mapToLong(map -> map.weight().shape().dim(0)).sum();
        Tensor projected = scope.allocate(DType.F32, x.dim(0), outputs);
        kernels.products(normed, maps.stream().map(map -> map.weight().packed()).toList(), projected);
        addAdapters(normed, maps, projected, scope);
        return projected;
    }

    private void add(Tensor operand, Linear map, Tensor x, Scope scope) {
        kernels.addProduct(operand, map.weight().packed(), value(map.bias()), x);
        addAdapters(operand, List.of(map), x, scope);
    }

    /// Adds what adapters of several maps give of one operand to the maps' outputs [N, O₁ + O₂ + …].
    private void addAdapters(Tensor operand, List<Linear> maps, Tensor outputs, Scope scope) {
        if (maps.stream().allMatch(map -> map.adapter() == null)) {
            return;
        }
        Tensor x = operand;
        if (operand.dtype() != DType.F32) {
            x = scope.allocate(DType.F32, operand.shape());
            elementwise.convert(operand, x);
        }
        long column = 0;
        for (Linear map : maps) {
            LowRank adapter = map.adapter();
            if (adapter != null) {
                Tensor low = scope.allocate(DType.F32, x.dim(0), adapter.a().shape().dim(0));     // [N, r]
                kernels.addLowRank(x, adapter.a().packed(), adapter.b().packed(), adapter.scale(), low, outputs,
                        column);
            }
            column += map.weight().shape().dim(0);
        }
    }

    private FusedKernels.HeadTerms terms(QwenBlock.Places places) {
        RmsNorm queryNorm = block.queryNorm();
        RmsNorm keyNorm = block.keyNorm();
        return new FusedKernels.HeadTerms(value(block.query().bias()), value(block.key().bias()),
                value(block.value().bias()), queryNorm == null ? null : queryNorm.weight().value(),
                keyNorm == null ? null : keyNorm.weight().value(), queryNorm == null ? 0 : queryNorm.eps(),
                places.cos(), places.sin());
    }

    private static Tensor value(Parameter parameter) {
        return parameter == null ? null : parameter.value();
    }

    /// Room for what a map reads.
    private static Tensor operand(Scope scope, long rows, Linear map) {
        return scope.allocate(map.weight().packed().storage(), rows, map.weight().shape().dim(1));
    }
}
