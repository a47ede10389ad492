package org.flowrl.tensor.contract;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;

/// A call with one wrong argument, which every backend refuses by name before it computes.
///
/// @param operation what the message names first
/// @param argument the wrong one, which the message names too
/// @param call makes the call
record Refusal(String operation, String argument, Call call) {
    /// A kernel call that throws.
    @FunctionalInterface
    interface Call {
        void run(Backend backend, Inputs in);
    }

    static List<Refusal> all() {
        return List.of(
                new Refusal("matmul pack", "weight", (b, in) -> b.matmul().pack(in.values(3), DType.F32, in.scope())),
                new Refusal("matmul pack", "weight", (b, in) ->
                        b.matmul().pack(in.values(3, 2), DType.F16, in.scope())),
                new Refusal("matmul repack", "weight", (b, in) -> b.matmul().repack(in.values(2, 3), w(b, in, 3, 2))),
                new Refusal("matmul forward", "x", (b, in) ->
                        b.matmul().forward(in.values(4, 3), w(b, in, 3, 2), null, in.values(4, 3))),
                new Refusal("matmul forward", "x", (b, in) ->
                        b.matmul().forward(in.integers(1, 2).reshape(1, 2), w(b, in, 3, 2), null, in.values(1, 3))),
                new Refusal("matmul forward", "bias", (b, in) ->
                        b.matmul().forward(in.values(4, 2), w(b, in, 3, 2), in.values(2), in.values(4, 3))),
                new Refusal("matmul forward", "y", (b, in) ->
                        b.matmul().forward(in.values(4, 2), w(b, in, 3, 2), null, in.values(3, 4))),
                new Refusal("matmul inputGradient", "dx", (b, in) ->
                        b.matmul().inputGradient(in.values(4, 3), w(b, in, 3, 2), in.values(4, 3), false)),
                new Refusal("matmul weightGradient", "x", (b, in) ->
                        b.matmul().weightGradient(in.values(4, 3), in.values(5, 2), in.values(3, 2))),
                new Refusal("matmul biasGradient", "db", (b, in) ->
                        b.matmul().biasGradient(in.values(4, 3), in.values(4))),
                new Refusal("rmsNorm", "weight", (b, in) ->
                        b.rows().rmsNorm(in.values(2, 3), in.values(4), 1e-6, in.values(2, 3), in.values(2))),
                new Refusal("rmsNorm", "eps", (b, in) ->
                        b.rows().rmsNorm(in.values(2, 3), in.values(3), Double.NaN, in.values(2, 3), in.values(2))),
                new Refusal("rmsNormBackward", "inverse", (b, in) -> b.rows().rmsNormBackward(in.values(2, 3),
                        in.values(2, 3), in.values(3), in.values(3), in.values(2, 3), in.values(3))),
                new Refusal("layerNorm", "beta", (b, in) -> b.rows().layerNorm(in.values(2, 3), in.values(3),
                        in.values(2), 1e-6, in.values(2, 3), in.values(2), in.values(2))),
                new Refusal("layerNormBackward", "dgamma", (b, in) -> b.rows().layerNormBackward(in.values(2, 3),
                        in.values(2, 3), in.values(3), in.values(2), in.values(2), in.values(2, 3), in.values(2),
                        in.values(3))),
                new Refusal("gather", "ids[1] = 5", (b, in) ->
                        b.rows().gather(in.values(5, 2), in.integers(4, 5), in.values(2, 2))),
                new Refusal("scatterAdd", "ids[0] = -1", (b, in) ->
                        b.rows().scatterAdd(in.values(1, 2), in.integers(-1), in.values(5, 2))),
                new Refusal("rope", "x", (b, in) -> b.rows().rope(in.values(1, 1, 3), in.integers(0), in.values(1, 1),
                        in.values(1, 1), false, in.values(1, 1, 3))),
                new Refusal("rope", "positions[0] = 2", (b, in) -> b.rows().rope(in.values(1, 1, 4), in.integers(2),
                        in.values(2, 2), in.values(2, 2), false, in.values(1, 1, 4))),
                new Refusal("segmentSum", "starts[2] = 1", (b, in) ->
                        b.rows().segmentSum(in.values(3, 2), in.integers(0, 2, 1), in.values(2, 2))),
                new Refusal("segmentBroadcast", "starts[1] = 4", (b, in) ->
                        b.rows().segmentBroadcast(in.values(1), in.integers(0, 4), in.values(3))),
                new Refusal("attention forward", "k", (b, in) -> b.attention().forward(in.values(2, 3, 4),
                        in.values(2, 2, 4), in.values(2, 2, 4), in.integers(0, 2), 1, in.values(2, 3, 4),
                        in.values(2, 3, 2))),
                new Refusal("attention forward", "q", (b, in) -> b.attention().forward(in.values(2, 1, 257),
                        in.values(2, 1, 257), in.values(2, 1, 257), in.integers(0, 2), 1, in.values(2, 1, 257),
                        in.values(2, 1, 2))),
                new Refusal("attention forward", "starts", (b, in) -> b.attention().forward(in.values(2, 1, 4),
                        in.values(2, 1, 4), in.values(2, 1, 4), in.integers(0, 1), 1, in.values(2, 1, 4),
                        in.values(2, 1, 2))),
                new Refusal("attention backward", "dv", (b, in) -> b.attention().backward(in.values(2, 2, 4),
                        in.values(2, 2, 4), in.values(2, 1, 4), in.values(2, 1, 4), in.values(2, 2, 4),
                        in.values(2, 2, 2), in.integers(0, 2), 1, in.values(2, 2, 4), in.values(2, 1, 4),
                        in.values(2, 2, 4))),
                new Refusal("attention writePages", "slots[0] = 16", (b, in) -> b.attention().writePages(
                        in.values(1, 1, 4), in.values(1, 1, 4), in.integers(16), in.values(1, 1, 4, 16),
                        in.values(1, 1, 16, 4))),
                new Refusal("attention forwardPaged", "pageTable[0] = -1", (b, in) -> b.attention().forwardPaged(
                        in.values(1, 1, 4), in.values(1, 1, 4, 16), in.values(1, 1, 16, 4), in.integers(3),
                        in.integers(0), in.integers(-1).reshape(1, 1), 1, in.values(1, 1, 4))),
                new Refusal("attention forwardPaged", "positions[0] = 16", (b, in) -> b.attention().forwardPaged(
                        in.values(1, 1, 4), in.values(1, 1, 4, 16), in.values(1, 1, 16, 4), in.integers(16),
                        in.integers(0), in.integers(0).reshape(1, 1), 1, in.values(1, 1, 4))),
                new Refusal("logProbs", "targets[1] = 3", (b, in) -> b.heads().logProbs(in.values(2, 2),
                        w(b, in, 3, 2), in.integers(0, 3), 1, in.values(2), in.values(2), in.values(2))),
                new Refusal("logProbs", "temperature", (b, in) -> b.heads().logProbs(in.values(1, 2), w(b, in, 3, 2),
                        in.integers(0), 0, in.values(1), in.values(1), in.values(1))),
                new Refusal("logProbsBackward", "dweight", (b, in) -> b.heads().logProbsBackward(in.values(1, 2),
                        w(b, in, 3, 2), in.integers(0), 1, in.values(1), in.values(1), in.values(1), null,
                        in.values(1, 2), in.values(2, 3))),
                new Refusal("sample", "uniforms", (b, in) -> b.heads().sample(in.values(1, 2), w(b, in, 3, 2),
                        SamplingLaw.greedy(), in.values(1), in.integers(0), in.values(1))),
                new Refusal("unary", "y", (b, in) ->
                        b.elementwise().unary(ElementwiseKernels.Unary.EXP, in.values(3), in.values(4))),
                new Refusal("binary", "b", (b, in) -> b.elementwise().binary(ElementwiseKernels.Binary.ADD,
                        in.values(3), in.values(4), in.values(3))),
                new Refusal("affine", "y", (b, in) -> b.elementwise().affine(in.values(3), 1, 0, in.integers(1, 2, 3))),
                new Refusal("addScaled", "y", (b, in) -> b.elementwise().addScaled(1, in.values(3), in.values(2))),
                new Refusal("clamp", "low", (b, in) -> b.elementwise().clamp(in.values(3), 2, 1, in.values(3))),
                new Refusal("fill", "x", (b, in) -> b.elementwise().fill(in.integers(3), 1)),
                new Refusal("sum", "sum", (b, in) -> b.elementwise().sum(in.values(3), in.values(3))),
                new Refusal("convert", "to", (b, in) -> b.elementwise().convert(in.values(3), in.integers(1, 2, 3))),
                new Refusal("swiGlu", "up", (b, in) ->
                        b.elementwise().swiGlu(in.values(3), in.values(2), in.values(3))),
                new Refusal("swiGluBackward", "dup", (b, in) -> b.elementwise().swiGluBackward(in.values(3),
                        in.values(3), in.values(3), in.values(3), in.values(2))),
                new Refusal("dropoutMask", "keep", (b, in) ->
                        b.elementwise().dropoutMask(RandomKey.of(1), 0, in.values(3))),
                new Refusal("adamW", "gradient", (b, in) -> b.optimizer().adamW(in.values(3), in.values(2),
                        in.values(3), in.values(3), new OptimizerKernels.AdamW(1, 0.9, 0.99, 1e-8, 0, 1, 1))),
                new Refusal("adamW", "step", (b, in) -> b.optimizer().adamW(in.values(3), in.values(3),
                        in.values(3), in.values(3), new OptimizerKernels.AdamW(1, 0.9, 0.99, 1e-8, 0, 0, 1))),
                new Refusal("adamW", "v", (b, in) -> b.optimizer().adamW(in.values(3), in.values(3),
                        in.scope().zeros(DType.BF16, 3), in.values(3),
                        new OptimizerKernels.AdamW(1, 0.9, 0.99, 1e-8, 0, 1, 1))),
                new Refusal("adamW", "m", (b, in) -> b.optimizer().adamW(in.values(3), in.values(3),
                        in.scope().zeros(DType.F16, 3), in.scope().zeros(DType.F16, 3),
                        new OptimizerKernels.AdamW(1, 0.9, 0.99, 1e-8, 0, 1, 1))),
                new Refusal("squaredNorm", "x", (b, in) -> b.optimizer().squaredNorm(in.integers(3))));
    }

    private static PackedMatrix w(Backend backend, Inputs in, long rows, long columns) {
        return backend.matmul().pack(in.values(rows, columns), in.type(), in.scope());
    }

    @Override
    public String toString() {
        return operation + " refuses " + argument;
    }
}
