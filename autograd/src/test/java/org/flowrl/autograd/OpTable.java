package org.flowrl.autograd;

import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Attention;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.LowRank;
import org.flowrl.autograd.ops.Norms;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// The op suite: every op of {@link org.flowrl.autograd.ops} with shapes that cross what kernels divide by (16 lanes,
/// blocks of 256 rows, chunks of 4096 elements and words). A new op is one row here, or a few.
final class OpTable {
    private static final Initializer NORMAL = Initializer.normal(1);

    /// In [0.3, 2.3): arguments of logarithms and roots.
    private static final Initializer POSITIVE = (key, i) -> 0.3 + 2 * key.uniform(i);

    /// Of either sign, of size 0.5 … 2.
    private static final Initializer DIVISOR = (key, i) -> (key.nextInt(~i, 2) * 2 - 1) * (0.5 + 1.5 * key.uniform(i));

    /// Multiples of 1/2 in [-2, 2]: never within 1/4 of a value of {@link #BETWEEN}, so no kink is near.
    private static final Initializer HALVES = (key, i) -> 0.5 * key.nextInt(i, 9) - 2;

    /// Odd multiples of 1/4 in [-1.75, 2.25].
    private static final Initializer BETWEEN = (key, i) -> 0.5 * key.nextInt(i, 9) - 1.75;

    /// Sequences of 1, 2, 17 and 33 tokens: below, across and beyond a lane group; 53 in all.
    private static final int[] STARTS = {0, 1, 3, 20, 53};

    private OpTable() {
    }

    static Stream<OpCase> rows() {
        return Stream.of(products(), norms(), attention(), activations(), pointwise(), rowOps(), reductions(), head(),
                compositions()).flatMap(List::stream);
    }

    private static List<OpCase> products() {
        OpCase.Expression biased = (tape, x, p) -> Products.linear(x.get(0), p.named("w"), p.named("b"));
        OpCase.Expression plain = (tape, x, p) -> Products.linear(x.get(0), p.named("w"), null);
        OpCase.Expression adapted = (tape, x, p) -> Products.linear(x.get(0), p.named("w"), p.named("c"),
                new LowRank(p.named("a"), p.named("b"), 1.7));
        OpCase.Expression adaptedPlain = (tape, x, p) -> Products.linear(x.get(0), p.named("w"), null,
                new LowRank(p.named("a"), p.named("b"), 2));
        return List.of(
                OpCase.of("Products.linear with bias and adapter", adapted).input(NORMAL, 7, 13).matrix("w", 5, 13)
                        .parameter("c", NORMAL, 5).matrix("a", 3, 13).matrix("b", 5, 3),
                OpCase.of("Products.linear with adapter, 257 rows to 17", adaptedPlain).input(NORMAL, 257, 3)
                        .matrix("w", 17, 3).matrix("a", 1, 3).matrix("b", 17, 1),
                OpCase.of("Products.linear with bias", biased).input(NORMAL, 7, 13).matrix("w", 5, 13)
                        .parameter("b", NORMAL, 5),
                OpCase.of("Products.linear with bias, 257 rows", biased).input(NORMAL, 257, 3).matrix("w", 7, 3)
                        .parameter("b", NORMAL, 7),
                OpCase.of("Products.linear, one row of 257", plain).input(NORMAL, 1, 257).matrix("w", 3, 257),
                OpCase.of("Products.linear to 257", plain).input(NORMAL, 2, 5).matrix("w", 257, 5),
                OpCase.of("Products.linear of one number", plain).input(NORMAL, 1, 1).matrix("w", 1, 1));
    }

    private static List<OpCase> norms() {
        OpCase.Expression rms = (tape, x, p) -> Norms.rmsNorm(x.get(0), p.named("w"), 1e-6);
        OpCase.Expression layer = (tape, x, p) -> Norms.layerNorm(x.get(0), p.named("g"), p.named("b"), 1e-5);
        return List.of(
                OpCase.of("Norms.rmsNorm", rms).input(NORMAL, 5, 13).parameter("w", NORMAL, 13),
                OpCase.of("Norms.rmsNorm of heads", rms).input(NORMAL, 3, 2, 7).parameter("w", NORMAL, 7),
                OpCase.of("Norms.rmsNorm, 257 rows", rms).input(NORMAL, 257, 3).parameter("w", NORMAL, 3),
                OpCase.of("Norms.rmsNorm, rows of 257", rms).input(NORMAL, 2, 257).parameter("w", NORMAL, 257),
                OpCase.of("Norms.layerNorm", layer).input(NORMAL, 5, 13).parameter("g", NORMAL, 13)
                        .parameter("b", NORMAL, 13),
                OpCase.of("Norms.layerNorm, 257 rows", layer).input(NORMAL, 257, 3).parameter("g", NORMAL, 3)
                        .parameter("b", NORMAL, 3));
    }

    private static List<OpCase> attention() {
        OpCase.Expression causal = (tape, x, p) -> Attention.causal(x.get(0), x.get(1), x.get(2),
                tape.scope().of(STARTS, STARTS.length), 0.4);
        OpCase.Expression rope = (tape, x, p) -> rope(x.get(0), 3, 0, 1, 2, 30, 3);
        return List.of(
                OpCase.of("Attention.causal, 4 heads on 2", causal).input(NORMAL, 53, 4, 6).input(NORMAL, 53, 2, 6)
                        .input(NORMAL, 53, 2, 6),
                OpCase.of("Attention.causal, 3 heads on 1", causal).input(NORMAL, 53, 3, 17).input(NORMAL, 53, 1, 17)
                        .input(NORMAL, 53, 1, 17),
                OpCase.of("Attention.causal, heads on their own", causal).input(NORMAL, 53, 2, 1)
                        .input(NORMAL, 53, 2, 1).input(NORMAL, 53, 2, 1),
                OpCase.of("Attention.rope", rope).input(NORMAL, 6, 3, 10));
    }

    private static List<OpCase> activations() {
        return List.of(
                OpCase.of("Activations.swiGlu", (tape, x, p) -> Activations.swiGlu(x.get(0), x.get(1)))
                        .input(Initializer.normal(2), 7, 37).input(NORMAL, 7, 37),
                OpCase.of("Activations.gelu", (tape, x, p) -> Activations.gelu(x.get(0)))
                        .input(Initializer.normal(2), 257),
                OpCase.of("Activations.dropout", (tape, x, p) ->
                        Activations.dropout(x.get(0), 0.3, RandomKey.of(7))).input(NORMAL, 257),
                OpCase.of("Activations.dropout at rate 0", (tape, x, p) ->
                        Activations.dropout(Pointwise.square(x.get(0)), 0, RandomKey.of(7))).input(NORMAL, 13));
    }

    private static List<OpCase> pointwise() {
        return List.of(
                binary("add", Pointwise::add, NORMAL, NORMAL),
                binary("subtract", Pointwise::subtract, NORMAL, NORMAL),
                binary("multiply", Pointwise::multiply, NORMAL, NORMAL),
                binary("divide", Pointwise::divide, NORMAL, DIVISOR),
                binary("minimum", Pointwise::minimum, HALVES, BETWEEN),
                binary("maximum", Pointwise::maximum, HALVES, BETWEEN),
                unary("affine", x -> Pointwise.affine(x, -1.7, 0.3), NORMAL),
                unary("scale", x -> Pointwise.scale(x, 0.1), NORMAL),
                unary("negate", Pointwise::negate, NORMAL),
                unary("square", Pointwise::square, NORMAL),
                unary("squareRoot", Pointwise::squareRoot, POSITIVE),
                unary("exp", Pointwise::exp, NORMAL),
                unary("log", Pointwise::log, POSITIVE),
                unary("absolute", Pointwise::absolute, BETWEEN),
                unary("clamp", x -> Pointwise.clamp(x, -1, 0.5), BETWEEN));
    }

    private static List<OpCase> rowOps() {
        return List.of(
                OpCase.of("Rows.embedding, words repeated", (tape, x, p) -> Rows.embedding(tape, p.named("table"),
                        ints(tape, 4, 0, 4, 4, 2, 0, 1))).parameter("table", NORMAL, 6, 13),
                OpCase.of("Rows.gather, rows repeated", (tape, x, p) -> Rows.gather(x.get(0),
                        ints(tape, 3, 3, 0, 2, 3))).input(NORMAL, 5, 7),
                OpCase.of("Rows.segmentSum, a sequence empty", (tape, x, p) -> Rows.segmentSum(x.get(0),
                        ints(tape, 0, 2, 2, 7))).input(NORMAL, 7, 5),
                OpCase.of("Rows.segmentSum of numbers, last rows left out", (tape, x, p) -> Rows.segmentSum(x.get(0),
                        ints(tape, 0, 1, 300))).input(NORMAL, 303),
                OpCase.of("Rows.segmentBroadcast, a sequence empty", (tape, x, p) -> Rows.segmentBroadcast(x.get(0),
                        ints(tape, 0, 2, 2, 7), 7)).input(NORMAL, 3, 5),
                OpCase.of("Rows.segmentBroadcast of numbers", (tape, x, p) -> Rows.segmentBroadcast(x.get(0),
                        ints(tape, 0, 1, 300), 300)).input(NORMAL, 2),
                OpCase.of("Rows.reshape", (tape, x, p) -> Pointwise.square(Rows.reshape(x.get(0), 7, 2, 3)))
                        .input(NORMAL, 6, 7));
    }

    private static List<OpCase> reductions() {
        return List.of(
                OpCase.of("Reductions.sum", (tape, x, p) -> Reductions.sum(Pointwise.square(x.get(0))))
                        .input(NORMAL, 13, 7),
                OpCase.of("Reductions.sum of 4097", (tape, x, p) -> Reductions.sum(x.get(0))).input(NORMAL, 4097),
                OpCase.of("Reductions.mean", (tape, x, p) -> Reductions.mean(Pointwise.square(x.get(0))))
                        .input(NORMAL, 13, 7));
    }

    private static List<OpCase> head() {
        return List.of(
                headOf("logProb, 5 words", 5, 0.7, 1, 0),
                headOf("entropy, 5 words", 5, 0.7, 0, 1),
                headOf("both, 5 words", 5, 1, 1, 0.5),
                headOf("logProb, 4097 words", 4097, 0.7, 1, 0),
                headOf("entropy, 4097 words", 4097, 0.7, 0, 1),
                headOf("both, 4097 words", 4097, 0.7, 1, -0.5),
                OpCase.of("Head.logProbs, 257 rows", (tape, x, p) -> Head.logProbs(x.get(0), p.named("w"),
                        ints(tape, IntStream.range(0, 257).map(i -> i % 17).toArray()), 1).logProb())
                        .input(NORMAL, 257, 13).matrix("w", 17, 13));
    }

    private static List<OpCase> compositions() {
        return List.of(
                OpCase.of("Checkpointed.apply", (tape, x, p) -> Checkpointed.apply(x.get(0), h ->
                        Pointwise.add(h, Activations.gelu(Products.linear(h, p.named("w"), p.named("b"))))))
                        .input(NORMAL, 5, 7).matrix("w", 7, 7).parameter("b", NORMAL, 7),
                OpCase.of("Repeated use of a variable", (tape, x, p) -> {
                    Var y = Pointwise.multiply(Pointwise.add(x.get(0), x.get(1)), x.get(0));
                    return Pointwise.add(Pointwise.add(y, y), Pointwise.multiply(y, x.get(1)));
                }).input(NORMAL, 17).input(NORMAL, 17),
                OpCase.of("Repeated use of a parameter", (tape, x, p) -> Products.linear(
                        Products.linear(x.get(0), p.named("w"), p.named("b")), p.named("w"), p.named("b")))
                        .input(NORMAL, 3, 7).matrix("w", 7, 7).parameter("b", NORMAL, 7),
                block());
    }

    /// A pre-norm decoder block as Qwen3's, with biases as Qwen2's: D = 8, H = 4, G = 2, E = 4, F = 12, three sequences
    /// of 1, 2 and 5 tokens.
    private static OpCase block() {
        return OpCase.of("Attention and SwiGLU block", (tape, x, p) -> {
            long n = x.get(0).dim(0);
            Var h = Norms.rmsNorm(x.get(0), p.named("norm1"), 1e-6);
            Var q = Rows.reshape(Products.linear(h, p.named("q"), p.named("qBias")), n, 4, 4);
            Var k = Rows.reshape(Products.linear(h, p.named("k"), null), n, 2, 4);
            Var v = Rows.reshape(Products.linear(h, p.named("v"), null), n, 2, 4);
            int[] positions = {0, 0, 1, 0, 1, 2, 3, 4};
            q = rope(Norms.rmsNorm(q, p.named("qNorm"), 1e-6), positions);
            k = rope(Norms.rmsNorm(k, p.named("kNorm"), 1e-6), positions);
            Var attended = Attention.causal(q, k, v, ints(tape, 0, 1, 3, 8), 0.5);
            Var residual = Pointwise.add(x.get(0), Products.linear(Rows.reshape(attended, n, 16), p.named("o"), null));
            Var g = Norms.rmsNorm(residual, p.named("norm2"), 1e-6);
            Var inner = Activations.swiGlu(Products.linear(g, p.named("gate"), null),
                    Products.linear(g, p.named("up"), null));
            return Pointwise.add(residual, Products.linear(inner, p.named("down"), null));
        }).input(NORMAL, 8, 8).parameter("norm1", POSITIVE, 8).matrix("q", 16, 8).parameter("qBias", NORMAL, 16)
                .matrix("k", 8, 8).matrix("v", 8, 8).parameter("qNorm", POSITIVE, 4).parameter("kNorm", POSITIVE, 4)
                .matrix("o", 8, 16).parameter("norm2", POSITIVE, 8).matrix("gate", 12, 8).matrix("up", 12, 8)
                .matrix("down", 8, 12);
    }

    private static OpCase binary(String name, BinaryOperator<Var> op, Initializer a, Initializer b) {
        return OpCase.of("Pointwise." + name, (tape, x, p) -> op.apply(x.get(0), x.get(1)))
                .input(a, 3, 7).input(b, 3, 7);
    }

    private static OpCase unary(String name, UnaryOperator<Var> op, Initializer values) {
        return OpCase.of("Pointwise." + name, (tape, x, p) -> op.apply(x.get(0))).input(values, 37);
    }

    /// The weighted sum of both outputs, of which a factor 0 leaves one without gradient.
    private static OpCase headOf(String name, int words, double temperature, double logProb, double entropy) {
        return OpCase.of("Head.logProbs: " + name, (tape, x, p) -> {
            Tensor targets = ints(tape, words - 1, 0, 3);
            Head.LogProbs head = Head.logProbs(x.get(0), p.named("w"), targets, temperature);
            if (logProb == 0) {
                return Pointwise.scale(head.entropy(), entropy);
            }
            Var scaled = Pointwise.scale(head.logProb(), logProb);
            return entropy == 0 ? scaled : Pointwise.add(scaled, Pointwise.scale(head.entropy(), entropy));
        }).input(NORMAL, 3, 3).matrix("w", words, 3);
    }

    /// Rotary positions with base 100, so that low frequencies matter at small positions.
    private static Var rope(Var x, int... positions) {
        int half = Math.toIntExact(x.dim(2) / 2);
        int count = 31;
        double[] cos = new double[count * half];
        double[] sin = new double[count * half];
        for (int i = 0; i < cos.length; i++) {
            double angle = i / half * StrictMath.pow(100, -(double) (i % half) / half);
            cos[i] = StrictMath.cos(angle);
            sin[i] = StrictMath.sin(angle);
        }
        Tape tape = x.tape();
        DType dtype = x.value().dtype();
        return Attention.rope(x, ints(tape, positions), OpCase.tensor(tape.scope(), dtype, cos, count, half),
                OpCase.tensor(tape.scope(), dtype, sin, count, half));
    }

    private static Tensor ints(Tape tape, int... values) {
        return tape.scope().of(values, values.length);
    }
}
