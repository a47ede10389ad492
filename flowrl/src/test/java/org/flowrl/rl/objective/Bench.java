package org.flowrl.rl.objective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.Batch;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// The reference backend, a scope and a number type to try losses on.
final class Bench implements AutoCloseable {
    /// The length limit of its batches.
    static final int MAX_TOKENS = 16;

    private final Backend backend = Backends.open("reference", 1).backend();
    private final Scope scope = Scope.root("test", backend.memory());
    private final DType dtype;

    Bench(DType dtype) {
        this.dtype = dtype;
    }

    /// Log-probabilities, reference and old ones and advantages of some responses, each [response][token].
    record Responses(double[][] logProbs, double[][] old, double[][] reference, double[][] advantages) {
        int rows() {
            return logProbs.length;
        }

        int[] lengths() {
            return Arrays.stream(logProbs).mapToInt(row -> row.length).toArray();
        }

        Responses withAdvantages(double[][] others) {
            return new Responses(logProbs, old, reference, others);
        }

        /// The rows `from` … `to − 1`.
        Responses slice(int from, int to) {
            return new Responses(Arrays.copyOfRange(logProbs, from, to), Arrays.copyOfRange(old, from, to),
                    Arrays.copyOfRange(reference, from, to), Arrays.copyOfRange(advantages, from, to));
        }

        /// Seeded responses of these lengths: log-probabilities around −1.2 nats, old and reference ones some tenths
        /// from them, one advantage a response, a multiple of ½.
        static Responses random(long seed, int... lengths) {
            RandomKey key = RandomKey.of(seed);
            double[][][] all = new double[4][lengths.length][];
            for (int i = 0; i < lengths.length; i++) {
                RandomKey row = key.fold(i);
                double advantage = Math.rint(2 * row.normal(0)) / 2;
                for (double[][] one : all) {
                    one[i] = new double[lengths[i]];
                }
                for (int t = 0; t < lengths[i]; t++) {
                    all[0][i][t] = -0.2 - 2 * row.fold("policy").uniform(t);
                    all[1][i][t] = all[0][i][t] + 0.1 * row.fold("old").normal(t);
                    all[2][i][t] = all[0][i][t] + 0.3 * row.fold("reference").normal(t);
                    all[3][i][t] = advantage;
                }
            }
            return new Responses(all[0], all[1], all[2], all[3]);
        }
    }

    Backend backend() {
        return backend;
    }

    Scope scope() {
        return scope;
    }

    DType dtype() {
        return dtype;
    }

    /// A tensor of this bench's type.
    Tensor tensor(double[] values, long... dims) {
        if (dtype == DType.F64) {
            return scope.of(values, dims);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return scope.of(floats, dims);
    }

    /// All values in one row.
    Tensor packed(double[][] rows) {
        double[] values = flat(rows);
        return tensor(values, values.length);
    }

    static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    /// True where every value is 0 or −0.
    static boolean isZero(double[] values) {
        return Arrays.stream(values).allMatch(value -> value == 0);
    }

    /// True where no value is 0 or −0.
    static boolean hasNoZero(double[] values) {
        return Arrays.stream(values).allMatch(value -> value != 0);
    }

    ObjectiveSettings.Context context(int hiddenSize) {
        return new ObjectiveSettings.Context(backend, scope, dtype, hiddenSize, RandomKey.of(7));
    }

    /// All responses as one mini-batch in one batch.
    Batch batch(Responses responses) {
        long tokens = Arrays.stream(responses.lengths()).asLongStream().sum();
        return batch(responses, 0, responses.rows(), tokens);
    }

    /// A part of a mini-batch: row ids count from `firstRow`.
    Batch batch(Responses part, int firstRow, long miniBatchRows, long miniBatchTokens) {
        int[] lengths = part.lengths();
        int[] starts = new int[lengths.length + 1];
        int[] rowIds = new int[lengths.length];
        for (int i = 0; i < lengths.length; i++) {
            starts[i + 1] = starts[i] + lengths[i];
            rowIds[i] = firstRow + i;
        }
        Tensor old = packed(part.old());
        return new Batch(scope.of(starts, starts.length), lengths, rowIds,
                new Batch.Scores(old, old, packed(part.reference()), null),
                new Batch.Aims(packed(part.advantages()), null, null), miniBatchRows, miniBatchTokens, MAX_TOKENS,
                RandomKey.of(11));
    }

    /// The stores of an objective's modules.
    static List<ParameterStore> stores(Objective objective) {
        return objective.modules().stream().map(AdamW.Group::store).toList();
    }

    /// A loss and its gradients.
    ///
    /// @param inputs gradient towards each input
    record Outcome(double loss, List<double[]> inputs) {
    }

    /// The loss that `function` makes of variables with these values, run in reverse; parameters' gradients are added
    /// to `gradients`.
    Outcome run(BiFunction<Tape, List<Var>, Var> function, Gradients gradients, Tensor... values) {
        try (Tape tape = Tape.recording(backend, scope)) {
            List<Var> inputs = new ArrayList<>();
            for (Tensor value : values) {
                inputs.add(tape.variable(value));
            }
            Var loss = function.apply(tape, inputs);
            tape.backward(loss, gradients);
            return new Outcome(loss.value().item(),
                    inputs.stream().map(input -> tape.gradient(input).toDoubles()).toList());
        }
    }

    /// As {@link #run(BiFunction, Gradients, Tensor...)} for a loss without parameters.
    Outcome run(BiFunction<Tape, List<Var>, Var> function, Tensor... values) {
        return run(function, gradients(List.of()), values);
    }

    Gradients gradients(List<ParameterStore> stores) {
        return new Gradients(scope, stores);
    }

    @Override
    public void close() {
        scope.close();
        backend.close();
    }
}
