package org.flowrl.bench.kernel;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;

/// A case on one of the project's own backends.
final class BackendCall implements Call {
    private final Backend backend;
    private final Scope scope;
    private final Inputs inputs;
    private final Runnable kernel;
    private List<Tensor> outputs = List.of();

    BackendCall(String device, KernelCase kernelCase, Inputs inputs, int threads) {
        this.inputs = inputs;
        backend = Backends.open(device, threads).backend();
        scope = Scope.root("bench", backend.memory());
        kernel = switch (kernelCase) {
            case MatmulCase matmul -> matmul(matmul);
            case RowCase row -> row(row);
            case AttentionCase attention -> attention(attention);
            case HeadCase head -> head(head);
        };
    }

    @Override
    public void run() {
        kernel.run();
    }

    @Override
    public List<MemorySegment> results() {
        return outputs.stream().map(Tensor::segment).toList();
    }

    @Override
    public void close() {
        scope.close();
        backend.close();
    }

    private Runnable matmul(MatmulCase c) {
        return switch (c.kind()) {
            case FORWARD -> forward(c, DType.F32);
            case FORWARD_BF16 -> forward(c, DType.BF16);
            case INPUT_GRADIENT -> {
                Tensor dy = floats("dy", c.m(), c.n());
                PackedMatrix w = backend.matmul().pack(floats("w", c.n(), c.k()), DType.F32, scope);
                Tensor dx = output(c.m(), c.k());
                yield () -> backend.matmul().inputGradient(dy, w, dx, false);
            }
            case WEIGHT_GRADIENT -> {
                Tensor dy = floats("dy", c.m(), c.n());
                Tensor x = floats("x", c.m(), c.k());
                Tensor dw = output(c.n(), c.k());
                yield () -> backend.matmul().weightGradient(dy, x, dw);
            }
        };
    }

    private Runnable forward(MatmulCase c, DType storage) {
        Tensor x = floats("x", c.m(), c.k());
        PackedMatrix w = backend.matmul().pack(floats("w", c.n(), c.k()), storage, scope);
        Tensor y = output(c.m(), c.n());
        return () -> backend.matmul().forward(x, w, null, y);
    }

    private Runnable row(RowCase c) {
        RowKernels rows = backend.rows();
        ElementwiseKernels elementwise = backend.elementwise();
        long r = c.rows();
        long d = c.columns();
        BiFunction<String, Integer, Tensor> in = (name, times) -> floats(name, times * r, d);
        return switch (c.kind()) {
            case RMS_NORM -> {
                Tensor x = in.apply("x", 1);
                Tensor weight = floats("weight", d);
                Tensor y = output(r, d);
                Tensor inverse = output(r);
                yield () -> rows.rmsNorm(x, weight, RowCase.EPSILON, y, inverse);
            }
            case RMS_NORM_BACKWARD -> {
                Tensor dy = in.apply("dy", 1);
                Tensor x = in.apply("x", 1);
                Tensor weight = floats("weight", d);
                Tensor inverse = floats("inverse", r);
                Tensor dx = output(r, d);
                Tensor dweight = output(d);
                yield () -> rows.rmsNormBackward(dy, x, weight, inverse, dx, dweight);
            }
            case ROPE -> {
                long half = RowCase.HEAD_SIZE / 2;
                Tensor x = floats("x", r, d / RowCase.HEAD_SIZE, RowCase.HEAD_SIZE);
                Tensor positions = ints("positions", r);
                Tensor cos = floats("cos", r, half);
                Tensor sin = floats("sin", r, half);
                Tensor out = output(r, d / RowCase.HEAD_SIZE, RowCase.HEAD_SIZE);
                yield () -> rows.rope(x, positions, cos, sin, false, out);
            }
            case SWIGLU -> {
                Tensor gate = in.apply("gate", 1);
                Tensor up = in.apply("up", 1);
                Tensor out = output(r, d);
                yield () -> elementwise.swiGlu(gate, up, out);
            }
            case SWIGLU_BACKWARD -> {
                Tensor dout = in.apply("dout", 1);
                Tensor gate = in.apply("gate", 1);
                Tensor up = in.apply("up", 1);
                Tensor dgate = output(r, d);
                Tensor dup = output(r, d);
                yield () -> elementwise.swiGluBackward(dout, gate, up, dgate, dup);
            }
            case EXP -> {
                Tensor x = in.apply("x", 1);
                Tensor y = output(r, d);
                yield () -> elementwise.unary(ElementwiseKernels.Unary.EXP, x, y);
            }
            case GATHER -> {
                Tensor table = in.apply("table", (int) RowCase.TABLE_ROWS);
                Tensor ids = ints("ids", r);
                Tensor out = output(r, d);
                yield () -> rows.gather(table, ids, out);
            }
            case SCATTER_ADD -> {
                Tensor dout = in.apply("dout", 1);
                Tensor ids = ints("ids", r);
                Tensor dtable = output(RowCase.TABLE_ROWS * r, d);
                yield () -> rows.scatterAdd(dout, ids, dtable);
            }
            case ADAMW -> {
                Tensor gradient = in.apply("gradient", 1);
                Tensor w = updated("x", r, d);
                Tensor moment = updated("moment", r, d);
                Tensor variance = updated("variance", r, d);
                yield () -> backend.optimizer().adamW(w, gradient, moment, variance, RowCase.ADAMW);
            }
            case ADAMW_BF16 -> {
                Tensor gradient = in.apply("gradient", 1);
                Tensor w = updated("x", r, d);
                Tensor moment = scope.zeros(DType.BF16, r, d);
                Tensor variance = scope.zeros(DType.BF16, r, d);
                yield () -> backend.optimizer().adamW(w, gradient, moment, variance, RowCase.ADAMW);
            }
            case SQUARED_NORM -> {
                Tensor x = in.apply("x", 1);
                Tensor sum = output(1);
                yield () -> sum.set(0, backend.optimizer().squaredNorm(x));
            }
        };
    }

    private Runnable attention(AttentionCase c) {
        AttentionKernels kernels = backend.attention();
        long tokens = c.batch() * c.tokens();
        Tensor k = floats("k", tokens, c.groups(), c.size());
        Tensor v = floats("v", tokens, c.groups(), c.size());
        if (c.kind() == AttentionCase.Kind.PAGED) {
            return paged(c, k, v);
        }
        Tensor q = floats("q", tokens, c.heads(), c.size());
        Tensor starts = counting(c.batch() + 1, c.tokens(), 0);
        Tensor statistics = scope.zeros(DType.F32, tokens, c.heads(), 2);
        if (c.kind() == AttentionCase.Kind.FORWARD) {
            Tensor out = output(tokens, c.heads(), c.size());
            return () -> kernels.forward(q, k, v, starts, c.scale(), out, statistics);
        }
        Tensor out = scope.zeros(DType.F32, tokens, c.heads(), c.size());
        kernels.forward(q, k, v, starts, c.scale(), out, statistics);
        Tensor dout = floats("dout", tokens, c.heads(), c.size());
        Tensor dq = output(tokens, c.heads(), c.size());
        Tensor dk = output(tokens, c.groups(), c.size());
        Tensor dv = output(tokens, c.groups(), c.size());
        return () -> kernels.backward(dout, q, k, v, out, statistics, starts, c.scale(), dq, dk, dv);
    }

    private Runnable paged(AttentionCase c, Tensor k, Tensor v) {
        long pages = Math.ceilDiv(c.tokens(), Backend.LANES);
        Tensor keyPages = scope.zeros(DType.F32, c.batch() * pages, c.groups(), c.size(), Backend.LANES);
        Tensor valuePages = scope.zeros(DType.F32, c.batch() * pages, c.groups(), Backend.LANES, c.size());
        int[] slots = IntStream.range(0, (int) (c.batch() * c.tokens()))
                .map(i -> (int) (i / c.tokens() * pages * Backend.LANES + i % c.tokens())).toArray();
        backend.attention().writePages(k, v, scope.of(slots, slots.length), keyPages, valuePages);
        Tensor q = floats("q", c.batch(), c.heads(), c.size());
        Tensor positions = counting(c.batch(), 0, c.tokens() - 1);
        Tensor sequences = counting(c.batch(), 1, 0);
        Tensor pageTable = counting(c.batch() * pages, 1, 0).reshape(c.batch(), pages);
        Tensor out = output(c.batch(), c.heads(), c.size());
        return () -> backend.attention()
                .forwardPaged(q, keyPages, valuePages, positions, sequences, pageTable, c.scale(), out);
    }

    private Runnable head(HeadCase c) {
        Tensor hidden = floats("hidden", c.rows(), c.width());
        PackedMatrix weight =
                backend.matmul().pack(floats("weight", c.vocabulary(), c.width()), DType.F32, scope);
        Tensor targets = ints("targets", c.rows());
        if (c.kind() == HeadCase.Kind.LOG_PROBS) {
            Tensor logProb = output(c.rows());
            Tensor entropy = output(c.rows());
            Tensor lse = output(c.rows());
            return () -> backend.heads().logProbs(hidden, weight, targets, 1, logProb, entropy, lse);
        }
        Tensor entropy = scope.zeros(DType.F32, c.rows());
        Tensor lse = scope.zeros(DType.F32, c.rows());
        backend.heads().logProbs(hidden, weight, targets, 1, scope.zeros(DType.F32, c.rows()), entropy, lse);
        Tensor dLogProb = floats("dLogProb", c.rows());
        Tensor dhidden = output(c.rows(), c.width());
        Tensor dweight = output(c.vocabulary(), c.width());
        return () -> backend.heads().logProbsBackward(hidden, weight, targets, 1, entropy, lse, dLogProb, null,
                dhidden, dweight);
    }

    private Tensor floats(String operand, long... dims) {
        return scope.wrap(inputs.get(operand), DType.F32, Shape.of(dims));
    }

    private Tensor ints(String operand, long... dims) {
        return scope.wrap(inputs.get(operand), DType.I32, Shape.of(dims));
    }

    /// I32 [count]: first, first + step, …
    private Tensor counting(long count, long step, long first) {
        return scope.of(IntStream.range(0, (int) count).map(i -> (int) (first + i * step)).toArray(), count);
    }

    private Tensor output(long... dims) {
        return listed(scope.wrap(inputs.allocate(Shape.of(dims).elements()), DType.F32, Shape.of(dims)));
    }

    private Tensor updated(String operand, long... dims) {
        return listed(scope.wrap(inputs.copy(operand), DType.F32, Shape.of(dims)));
    }

    private Tensor listed(Tensor tensor) {
        outputs = Stream.concat(outputs.stream(), Stream.of(tensor)).toList();
        return tensor;
    }
}
