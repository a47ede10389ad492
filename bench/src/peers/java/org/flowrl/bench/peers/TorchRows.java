package org.flowrl.bench.peers;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.flowrl.bench.kernel.Inputs;
import org.flowrl.bench.kernel.RowCase;
import org.flowrl.tensor.OptimizerKernels;

/// Row kernels in libtorch.
final class TorchRows {
    private final Inputs inputs;

    TorchRows(Inputs inputs) {
        this.inputs = inputs;
    }

    TorchCall prepare(RowCase c) {
        long r = c.rows();
        long d = c.columns();
        return switch (c.kind()) {
            case RMS_NORM -> rmsNorm(r, d);
            case RMS_NORM_BACKWARD -> rmsNormBackward(r, d);
            case ROPE -> rope(r, d / RowCase.HEAD_SIZE);
            case SWIGLU -> {
                Tensor gate = input("gate", r, d);
                Tensor up = input("up", r, d);
                Tensor out = output(r, d);
                yield TorchCall.into(() -> {
                    torch.silu_out(out, gate);
                    out.mul_(up);
                }, out);
            }
            case SWIGLU_BACKWARD -> swiGluBackward(r, d);
            case EXP -> {
                Tensor x = input("x", r, d);
                Tensor y = output(r, d);
                yield TorchCall.into(() -> torch.exp_out(y, x), y);
            }
            case GATHER -> {
                Tensor table = input("table", RowCase.TABLE_ROWS * r, d);
                Tensor ids = TorchTensors.indices(inputs.get("ids"), r);
                Tensor out = output(r, d);
                yield TorchCall.into(() -> torch.index_select_out(out, table, 0, ids), out);
            }
            case SCATTER_ADD -> {
                Tensor dout = input("dout", r, d);
                Tensor ids = TorchTensors.indices(inputs.get("ids"), r);
                Tensor dtable = output(RowCase.TABLE_ROWS * r, d);
                yield TorchCall.into(() -> dtable.index_add_(0, ids, dout), dtable);
            }
            case ADAMW -> adamW(r, d);
            case ADAMW_BF16 -> throw new IllegalArgumentException(c.name() + ": libtorch does not round by lot");
            case SQUARED_NORM -> {
                Tensor x = input("x", r, d);
                Tensor norm = output(1).reshape();
                yield new TorchCall(() -> torch.linalg_vector_norm_out(norm, x), () -> List.of(norm.square()));
            }
        };
    }

    private TorchCall rmsNorm(long r, long d) {
        Tensor x = input("x", r, d);
        Tensor weight = input("weight", d);
        Tensor epsilon = torch.scalar_tensor(new Scalar(RowCase.EPSILON));
        Tensor squares = output(r, d);
        Tensor inverse = output(r, 1);
        Tensor y = output(r, d);
        return TorchCall.into(() -> {
            torch.square_out(squares, x);
            torch.mean_out(inverse, squares, new long[] {1}, true, null);
            inverse.add_(epsilon);
            inverse.rsqrt_();
            torch.mul_out(y, x, inverse);
            y.mul_(weight);
        }, y, inverse);
    }

    private TorchCall rmsNormBackward(long r, long d) {
        Tensor dy = input("dy", r, d);
        Tensor x = input("x", r, d);
        Tensor weight = input("weight", d);
        Tensor inverse = input("inverse", r, 1);
        Tensor perColumn = torch.scalar_tensor(new Scalar(1.0 / d));
        Tensor g = output(r, d);
        Tensor product = output(r, d);
        Tensor cube = output(r, 1);
        Tensor c = output(r, 1);
        Tensor dx = output(r, d);
        Tensor columnSums = output(d);
        Tensor dweight = output(d);
        return TorchCall.into(() -> {
            torch.mul_out(g, dy, weight);
            torch.mul_out(product, g, x);
            torch.sum_out(c, product, new long[] {1}, true, null);
            torch.mul_out(cube, inverse, inverse);
            cube.mul_(inverse);
            c.mul_(cube);
            c.mul_(perColumn);
            torch.mul_out(dx, g, inverse);
            torch.mul_out(product, x, c);
            dx.sub_(product);
            torch.mul_out(product, x, inverse);
            product.mul_(dy);
            torch.sum_out(columnSums, product, new long[] {0}, false, null);
            dweight.add_(columnSums);
        }, dx, dweight);
    }

    private TorchCall rope(long r, long heads) {
        long size = RowCase.HEAD_SIZE;
        long half = size / 2;
        Tensor x = input("x", r, heads, size);
        Tensor positions = TorchTensors.indices(inputs.get("positions"), r);
        Tensor cos = input("cos", r, half);
        Tensor sin = input("sin", r, half);
        Tensor cosOfRow = output(r, half);
        Tensor sinOfRow = output(r, half);
        Tensor c = cosOfRow.unsqueeze(1);
        Tensor s = sinOfRow.unsqueeze(1);
        Tensor product = output(r, heads, half);
        Tensor out = output(r, heads, size);
        Tensor a = x.narrow(2, 0, half);
        Tensor b = x.narrow(2, half, half);
        Tensor outA = out.narrow(2, 0, half);
        Tensor outB = out.narrow(2, half, half);
        return TorchCall.into(() -> {
            torch.index_select_out(cosOfRow, cos, 0, positions);
            torch.index_select_out(sinOfRow, sin, 0, positions);
            torch.mul_out(outA, a, c);
            torch.mul_out(product, b, s);
            outA.sub_(product);
            torch.mul_out(outB, b, c);
            torch.mul_out(product, a, s);
            outB.add_(product);
        }, out);
    }

    private TorchCall swiGluBackward(long r, long d) {
        Tensor dout = input("dout", r, d);
        Tensor gate = input("gate", r, d);
        Tensor up = input("up", r, d);
        Tensor product = output(r, d);
        Tensor dgate = output(r, d);
        Tensor dup = output(r, d);
        return TorchCall.into(() -> {
            torch.silu_out(dup, gate);
            dup.mul_(dout);
            torch.mul_out(product, dout, up);
            torch.silu_backward_out(dgate, product, gate);
        }, dgate, dup);
    }

    private TorchCall adamW(long r, long d) {
        OptimizerKernels.AdamW settings = RowCase.ADAMW;
        Tensor w = updated("x", r, d);
        Tensor moment = updated("moment", r, d);
        Tensor variance = updated("variance", r, d);
        TorchOperator operator = new TorchOperator("aten::_fused_adamw_", TorchOperator.list(w),
                TorchOperator.list(input("gradient", r, d)), TorchOperator.list(moment),
                TorchOperator.list(variance), TorchOperator.list(),
                TorchOperator.list(torch.scalar_tensor(new Scalar((double) settings.step()))),
                TorchOperator.of(settings.learningRate()), TorchOperator.of(settings.beta1()),
                TorchOperator.of(settings.beta2()), TorchOperator.of(settings.weightDecay()),
                TorchOperator.of(settings.epsilon()), TorchOperator.of(false), TorchOperator.of(false),
                TorchOperator.none(), TorchOperator.none());
        return TorchCall.into(operator::run, w, moment, variance);
    }

    private Tensor input(String operand, long... shape) {
        return TorchTensors.floats(inputs.get(operand), shape);
    }

    private Tensor updated(String operand, long... shape) {
        return TorchTensors.floats(inputs.copy(operand), shape);
    }

    private Tensor output(long... shape) {
        long elements = 1;
        for (long dim : shape) {
            elements *= dim;
        }
        MemorySegment memory = inputs.allocate(elements);
        return TorchTensors.floats(memory, shape);
    }
}
