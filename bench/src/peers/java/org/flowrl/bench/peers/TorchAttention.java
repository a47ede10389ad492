package org.flowrl.bench.peers;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.flowrl.bench.kernel.AttentionCase;
import org.flowrl.bench.kernel.Inputs;

/// libtorch's flash attention for the CPU, the kernel behind `scaled_dot_product_attention`.
///
/// It has no groups of heads. Forward and backward, keys and values are repeated for each query head beforehand and the
/// gradients of a group are summed afterwards, neither of them timed: what it is spared is in its favour. Decoding, the
/// query heads of a group are its query rows, which reads each key once.
final class TorchAttention {
    private final AttentionCase c;
    private final Inputs inputs;

    TorchAttention(AttentionCase c, Inputs inputs) {
        this.c = c;
        this.inputs = inputs;
    }

    TorchCall prepare() {
        return switch (c.kind()) {
            case FORWARD -> {
                TorchOperator forward = forward(queries("q"), repeated("k"), repeated("v"), true);
                yield new TorchCall(forward::run, () -> List.of(forward.result(0).transpose(1, 2)));
            }
            case BACKWARD -> backward();
            case PAGED -> {
                Tensor q = TorchTensors.floats(inputs.get("q"),
                        c.batch(), c.groups(), c.heads() / c.groups(), c.size());
                TorchOperator forward = forward(q, grouped("k").transpose(1, 2), grouped("v").transpose(1, 2), false);
                yield new TorchCall(forward::run, () -> List.of(forward.result(0)));
            }
        };
    }

    /// Results: out [B, H, T, E] and the logarithms of the sums [B, H, T].
    private TorchOperator forward(Tensor q, Tensor k, Tensor v, boolean isCausal) {
        return new TorchOperator("aten::_scaled_dot_product_flash_attention_for_cpu", TorchOperator.of(q),
                TorchOperator.of(k), TorchOperator.of(v), TorchOperator.of(0.0), TorchOperator.of(isCausal),
                TorchOperator.none(), TorchOperator.of(c.scale()));
    }

    private TorchCall backward() {
        Tensor q = queries("q");
        Tensor k = repeated("k");
        Tensor v = repeated("v");
        TorchOperator forward = forward(q, k, v, true);
        forward.run();
        TorchOperator backward = new TorchOperator("aten::_scaled_dot_product_flash_attention_for_cpu_backward",
                TorchOperator.of(queries("dout")), TorchOperator.of(q), TorchOperator.of(k), TorchOperator.of(v),
                TorchOperator.of(forward.result(0)), TorchOperator.of(forward.result(1)), TorchOperator.of(0.0),
                TorchOperator.of(true), TorchOperator.none(), TorchOperator.of(c.scale()));
        return new TorchCall(backward::run, () -> List.of(backward.result(0).transpose(1, 2),
                summed(backward.result(1)), summed(backward.result(2))));
    }

    /// [B, H, T, E], a view.
    private Tensor queries(String operand) {
        return TorchTensors.floats(inputs.get(operand), c.batch(), c.tokens(), c.heads(), c.size()).transpose(1, 2);
    }

    /// [B, T, G, E], a view.
    private Tensor grouped(String operand) {
        return TorchTensors.floats(inputs.get(operand), c.batch(), c.tokens(), c.groups(), c.size());
    }

    /// [B, H, T, E], each group's row copied for its query heads.
    private Tensor repeated(String operand) {
        return grouped(operand).unsqueeze(3)
                .expand(c.batch(), c.tokens(), c.groups(), c.heads() / c.groups(), c.size())
                .reshape(c.batch(), c.tokens(), c.heads(), c.size()).transpose(1, 2);
    }

    /// [B, H, T, E] to [B, T, G, E].
    private Tensor summed(Tensor gradient) {
        return gradient.transpose(1, 2)
                .reshape(c.batch(), c.tokens(), c.groups(), c.heads() / c.groups(), c.size()).sum(3);
    }
}
