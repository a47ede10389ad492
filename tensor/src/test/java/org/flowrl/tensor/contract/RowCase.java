package org.flowrl.tensor.contract;

import java.util.List;
import java.util.function.Function;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;

/// A kernel that treats each row by itself: it can be run on any of its rows and must give the same bits.
///
/// @param kernel family and name
/// @param rows makes the inputs that have one entry for each of {@link #ROWS} rows
/// @param call runs the kernel on some of the rows; everything else comes from inputs that start anew at every call
record RowCase(String kernel, Function<Inputs, List<Tensor>> rows, Call call) {
    static final int ROWS = 64;
    private static final int IN = 300;
    private static final int OUT = 257;
    private static final int WORDS = 4200;
    private static final int HEADS = 4;
    private static final int GROUPS = 2;
    private static final int SIZE = 34;
    private static final int[] CACHED = {40, 3, 17};

    /// A kernel call on some rows.
    @FunctionalInterface
    interface Call {
        List<Tensor> outputs(Backend backend, Inputs shared, List<Tensor> rows);
    }

    static List<RowCase> all() {
        return List.of(forward(false), forward(true), inputGradient(), rmsNorm(), rmsNormBackward(), layerNorm(),
                layerNormBackward(), rope(), logProbs(), logProbsBackward(), sample(SamplingLaw.ofTemperature(0.8)),
                sample(SamplingLaw.greedy()), sample(new SamplingLaw(1, 50, 0.8)), swiGlu(), gelu(), forwardPaged());
    }

    /// `rows` reduced to `count` of them.
    static List<Tensor> slice(List<Tensor> rows, int start, int count) {
        return rows.stream().map(tensor -> tensor.slice(start, count)).toList();
    }

    private static int count(List<Tensor> rows) {
        return Math.toIntExact(rows.getFirst().dim(0));
    }

    private static PackedMatrix packed(Backend backend, Inputs in, boolean bfloat16, long... dims) {
        return backend.matmul().pack(in.ordinary(dims), bfloat16 ? DType.BF16 : in.type(), in.scope());
    }

    private static RowCase forward(boolean bfloat16) {
        return new RowCase("matmul forward" + (bfloat16 ? " BF16" : ""), in -> List.of(in.ordinary(ROWS, IN)),
                (backend, in, rows) -> {
                    Tensor y = in.junk(count(rows), OUT);
                    backend.matmul().forward(rows.get(0), packed(backend, in, bfloat16, OUT, IN), in.ordinary(OUT), y);
                    return List.of(y);
                });
    }

    private static RowCase inputGradient() {
        return new RowCase("matmul inputGradient", in -> List.of(in.ordinary(ROWS, OUT)), (backend, in, rows) -> {
            Tensor dx = in.junk(count(rows), IN);
            backend.matmul().inputGradient(rows.get(0), packed(backend, in, false, OUT, IN), dx, false);
            return List.of(dx);
        });
    }

    private static RowCase rmsNorm() {
        return new RowCase("rmsNorm", in -> List.of(in.ordinary(ROWS, IN)), (backend, in, rows) -> {
            Tensor y = in.junk(count(rows), IN);
            Tensor inverse = in.junk(count(rows));
            backend.rows().rmsNorm(rows.get(0), in.ordinary(IN), 1e-6, y, inverse);
            return List.of(y, inverse);
        });
    }

    private static RowCase rmsNormBackward() {
        return new RowCase("rmsNormBackward",
                in -> List.of(in.ordinary(ROWS, IN), in.ordinary(ROWS, IN), in.positive(ROWS)),
                (backend, in, rows) -> {
                    Tensor dx = in.junk(count(rows), IN);
                    backend.rows().rmsNormBackward(rows.get(0), rows.get(1), in.ordinary(IN), rows.get(2), dx,
                            in.ordinary(IN));
                    return List.of(dx);
                });
    }

    private static RowCase layerNorm() {
        return new RowCase("layerNorm", in -> List.of(in.ordinary(ROWS, IN)), (backend, in, rows) -> {
            Tensor y = in.junk(count(rows), IN);
            Tensor mean = in.junk(count(rows));
            Tensor inverse = in.junk(count(rows));
            backend.rows().layerNorm(rows.get(0), in.ordinary(IN), in.ordinary(IN), 1e-5, y, mean, inverse);
            return List.of(y, mean, inverse);
        });
    }

    private static RowCase layerNormBackward() {
        return new RowCase("layerNormBackward",
                in -> List.of(in.ordinary(ROWS, IN), in.ordinary(ROWS, IN), in.ordinary(ROWS), in.positive(ROWS)),
                (backend, in, rows) -> {
                    Tensor dx = in.junk(count(rows), IN);
                    backend.rows().layerNormBackward(rows.get(0), rows.get(1), in.ordinary(IN), rows.get(2),
                            rows.get(3), dx, in.ordinary(IN), in.ordinary(IN));
                    return List.of(dx);
                });
    }

    private static RowCase rope() {
        return new RowCase("rope", in -> List.of(in.ordinary(ROWS, HEADS, SIZE), in.indices(WORDS, ROWS)),
                (backend, in, rows) -> {
                    Tensor out = in.junk(count(rows), HEADS, SIZE);
                    backend.rows().rope(rows.get(0), rows.get(1), in.ordinary(WORDS, SIZE / 2),
                            in.ordinary(WORDS, SIZE / 2), false, out);
                    return List.of(out);
                });
    }

    private static RowCase logProbs() {
        return new RowCase("logProbs", in -> List.of(in.ordinary(ROWS, SIZE), in.indices(WORDS, ROWS)),
                (backend, in, rows) -> {
                    Tensor logProb = in.junk(count(rows));
                    Tensor entropy = in.junk(count(rows));
                    Tensor lse = in.junk(count(rows));
                    backend.heads().logProbs(rows.get(0), packed(backend, in, false, WORDS, SIZE), rows.get(1), 0.8,
                            logProb, entropy, lse);
                    return List.of(logProb, entropy, lse);
                });
    }

    private static RowCase logProbsBackward() {
        return new RowCase("logProbsBackward",
                in -> List.of(in.ordinary(ROWS, SIZE), in.indices(WORDS, ROWS), in.positive(ROWS), in.positive(ROWS),
                        in.ordinary(ROWS), in.ordinary(ROWS)),
                (backend, in, rows) -> {
                    Tensor dhidden = in.junk(count(rows), SIZE);
                    backend.heads().logProbsBackward(rows.get(0), packed(backend, in, false, WORDS, SIZE),
                            rows.get(1), 0.8, rows.get(2), rows.get(3), rows.get(4), rows.get(5), dhidden,
                            in.ordinary(WORDS, SIZE));
                    return List.of(dhidden);
                });
    }

    private static RowCase sample(SamplingLaw law) {
        return new RowCase("sample " + law, in -> List.of(in.ordinary(ROWS, SIZE), in.uniforms(ROWS)),
                (backend, in, rows) -> {
                    Tensor tokens = in.integers(new int[count(rows)]);
                    Tensor logProb = in.junk(count(rows));
                    backend.heads().sample(rows.get(0), packed(backend, in, false, WORDS, SIZE), law, rows.get(1),
                            tokens, logProb);
                    return List.of(tokens, logProb);
                });
    }

    private static RowCase swiGlu() {
        return new RowCase("swiGlu", in -> List.of(in.ordinary(ROWS, IN), in.ordinary(ROWS, IN)),
                (backend, in, rows) -> {
                    Tensor out = in.junk(count(rows), IN);
                    backend.elementwise().swiGlu(rows.get(0), rows.get(1), out);
                    return List.of(out);
                });
    }

    private static RowCase gelu() {
        return new RowCase("unary GELU", in -> List.of(in.ordinary(ROWS, OUT)), (backend, in, rows) -> {
            Tensor y = in.junk(count(rows), OUT);
            backend.elementwise().unary(ElementwiseKernels.Unary.GELU, rows.get(0), y);
            return List.of(y);
        });
    }

    /// Rows are queries at any position of three cached sequences.
    private static RowCase forwardPaged() {
        return new RowCase("attention forwardPaged", in -> {
            int[] sequences = in.indices(CACHED.length, ROWS).toInts();
            int[] positions = new int[ROWS];
            for (int n = 0; n < ROWS; n++) {
                positions[n] = n % CACHED[sequences[n]];
            }
            return List.of(in.ordinary(ROWS, HEADS, SIZE), in.integers(positions), in.integers(sequences));
        }, (backend, in, rows) -> {
            AttentionKernels attention = backend.attention();
            Paging paging = Paging.of(in, 1, CACHED);
            long tokens = paging.slots().elements();
            Tensor keys = in.junk(paging.pages(), GROUPS, SIZE, Backend.LANES);
            Tensor values = in.junk(paging.pages(), GROUPS, Backend.LANES, SIZE);
            attention.writePages(in.ordinary(tokens, GROUPS, SIZE), in.ordinary(tokens, GROUPS, SIZE), paging.slots(),
                    keys, values);
            Tensor out = in.junk(count(rows), HEADS, SIZE);
            attention.forwardPaged(rows.get(0), keys, values, rows.get(1), rows.get(2), paging.table(), 0.2, out);
            return List.of(out);
        });
    }
}
