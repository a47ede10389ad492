package org.flowrl.autograd;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.Closing;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Holds the gradients of a function against finite differences, in F64 on the reference backend: the way to test an op
/// or a loss of one's own.
///
/// ```java
/// try (GradCheck check = GradCheck.open()) {
///     ParameterStore store = check.store();
///     Parameter weight = store.root().matrix("weight", Initializer.normal(1), 3, 2);
///     store.allocate();
///     store.initialize(RandomKey.of(1));
///     Tensor x = check.scope().of(new double[] {0.5, -1, 2, 0.25}, 2, 2);
///     check.check((tape, in) -> Activations.gelu(Products.linear(in.get(0), weight, null)), List.of(store), x)
///             .requireBelow(1e-6);
/// }
/// ```
///
/// **Method.** Five-point central differences (Abramowitz and Stegun 25.3.6) towards each element x:
/// ```
/// f'(x) ≈ (8 · (f(x + h) − f(x − h)) − (f(x + 2h) − f(x − 2h))) / (12 · h)
/// ```
/// with h = 2^-10 times the largest power of two not above max(1, |x|), so that x ± h is exact but for a last bit. The
/// formula's own error is h⁴ · f⁽⁵⁾ / 30, about 3e-14 · f⁽⁵⁾, and its rounding error about 2^-52 · 1.5 · |f| / h, about
/// 3e-13 · |f|. The function must be smooth within 2h of its arguments: keep away from the kinks of min, max, clamp
/// and |x|.
///
/// **Error.** |analytic − numeric| / max(|analytic|, |numeric|, 1e-5 · max(1, |f|)): relative, but for gradients so
/// small that rounding of f outweighs them; ∞ where either is not a number.
public final class GradCheck implements AutoCloseable {
    /// Elements of one tensor that are checked where {@link #open()} is used.
    public static final int DEFAULT_LIMIT = 200;

    /// h for |x| below 2; balances the two errors of the five-point formula at a few 1e-13.
    private static final double STEP = 0x1p-10;

    /// Least denominator of the relative error, in units of max(1, |f|). Rounding, 3e-13 of |f|, is below 1e-7 of it.
    private static final double FLOOR = 1e-5;

    private static final double[] ONE = {1};

    /// What is checked: computes on `tape` from `inputs`, one variable for each input tensor, and from parameters. Must
    /// give the same bits each time: a dropout key is fixed.
    @FunctionalInterface
    public interface Function {
        /// The value, a number or a tensor of any shape.
        Var apply(Tape tape, List<Var> inputs);
    }

    /// The worst of the checked elements.
    ///
    /// @param relativeError see {@link GradCheck}
    /// @param name the parameter's name, or `input i` for the i-th input counted from 0
    /// @param index of the element in row-major order
    /// @param analytic gradient by the tape
    /// @param numeric gradient by finite differences
    /// @param checked number of elements that were compared
    public record Result(double relativeError, String name, long index, double analytic, double numeric,
            long checked) {
        /// Does nothing where every checked gradient is right.
        ///
        /// @throws AssertionError where the relative error is not below `tolerance`, with the place and both values
        public void requireBelow(double tolerance) {
            if (!(relativeError < tolerance)) {
                throw new AssertionError("gradCheck: relative error " + relativeError + " must be below " + tolerance
                        + ": " + this);
            }
        }

        @Override
        public String toString() {
            return "gradient of " + name + "[" + index + "] is " + analytic + " by the tape and " + numeric
                    + " by differences, relative error " + relativeError + ", the worst of " + checked + " elements";
        }
    }

    /// A tensor whose gradient is checked; `changed` is called after each write to it.
    private record Subject(String name, Tensor value, double[] analytic, Runnable changed) {
    }

    private final Backend backend;
    private final Scope scope;
    private final int limit;
    private final RandomKey key;

    private GradCheck(Backend backend, int limit, RandomKey key) {
        this.backend = backend;
        this.scope = Scope.root("gradCheck", backend.memory());
        this.limit = limit;
        this.key = key;
    }

    /// A checker of {@link #DEFAULT_LIMIT} elements a tensor.
    public static GradCheck open() {
        return open(DEFAULT_LIMIT, RandomKey.of(0));
    }

    /// A checker of every element of tensors with up to `limit` elements, and of `limit` elements, drawn by `key`
    /// without repetition, of larger ones.
    ///
    /// @param key also draws the weights that make a number of a function's tensor, see {@link #check}
    public static GradCheck open(int limit, RandomKey key) {
        if (limit < 1) {
            throw new IllegalArgumentException("gradCheck: limit " + limit + " must be at least 1");
        }
        return new GradCheck(Backends.open("reference", 1).backend(), limit, key);
    }

    /// The reference backend that the function is computed with.
    public Backend backend() {
        return backend;
    }

    /// Memory for inputs; ends with this object.
    public Scope scope() {
        return scope;
    }

    /// A new empty store of F64 parameters.
    public ParameterStore store() {
        return new ParameterStore(backend, scope, DType.F64);
    }

    /// As {@link #check(Function, List, Tensor...)} for a function without parameters.
    public Result check(Function function, Tensor... inputs) {
        return check(function, List.of(), inputs);
    }

    /// Compares the gradients of `function` towards `inputs` and all parameters of `stores`.
    ///
    /// Where the value has more than one element, the number whose gradient is taken is `Σ c[i] · value[i]` with
    /// coefficients of random sign and of size 0.5 … 1.
    ///
    /// Elements are changed in place and put back; stores are repacked after each change.
    ///
    /// @param stores F64, neither frozen nor packed in another type
    /// @param inputs F64 each
    /// @throws IllegalArgumentException where a type is not F64, a store is frozen, or there is nothing to check
    /// @throws IllegalStateException where the function gives other bits for the same arguments
    public Result check(Function function, List<ParameterStore> stores, Tensor... inputs) {
        requireCheckable(stores, inputs);
        double[] before = values(function, inputs);
        double[] coefficients = coefficients(before.length);
        List<Subject> subjects = differentiate(function, coefficients, stores, inputs);
        double floor = FLOOR * Math.max(1, largest(before));
        long checked = subjects.stream().mapToLong(subject -> Math.min(limit, subject.value().elements())).sum();
        Result worst = null;
        for (Subject subject : subjects) {
            for (int index : chosen(subject)) {
                double analytic = subject.analytic()[index];
                double numeric = difference(function, coefficients, subject, index, inputs);
                double error = relativeError(analytic, numeric, floor);
                if (worst == null || error > worst.relativeError()) {
                    worst = new Result(error, subject.name(), index, analytic, numeric, checked);
                }
            }
        }
        if (worst == null) {
            throw new IllegalArgumentException("gradCheck: the inputs and stores have no elements to check");
        }
        requireSameBits(before, values(function, inputs));
        return worst;
    }

    /// Frees the memory of {@link #scope} and closes the backend.
    @Override
    public void close() {
        Closing.all(List.of(scope::close, backend::close));
    }

    private static void requireCheckable(List<ParameterStore> stores, Tensor... inputs) {
        for (int i = 0; i < inputs.length; i++) {
            if (inputs[i].dtype() != DType.F64) {
                throw new IllegalArgumentException("gradCheck: input " + i + " " + inputs[i] + " must be F64");
            }
        }
        for (ParameterStore store : stores) {
            if (store.dtype() != DType.F64 || store.isFrozen()) {
                throw new IllegalArgumentException("gradCheck: store of " + store.parameters() + " is "
                        + (store.isFrozen() ? "frozen" : store.dtype()) + ", it must be F64 and not frozen");
            }
        }
    }

    /// The gradients by the tape.
    private List<Subject> differentiate(Function function, double[] coefficients, List<ParameterStore> stores,
            Tensor... inputs) {
        List<Subject> subjects = new ArrayList<>();
        try (Scope pass = scope.child("analytic"); Tape tape = Tape.recording(backend, pass)) {
            Gradients gradients = new Gradients(pass, stores);
            List<Var> variables = variables(tape, inputs);
            Var value = function.apply(tape, variables);
            Tensor seed = tape.like(value.value());
            seed.copyFrom(coefficients);
            tape.backward(value, seed, gradients);
            for (int i = 0; i < inputs.length; i++) {
                subjects.add(new Subject("input " + i, inputs[i], tape.gradient(variables.get(i)).toDoubles(),
                        () -> { }));
            }
            for (ParameterStore store : stores) {
                for (Parameter parameter : store.parameters()) {
                    subjects.add(new Subject(parameter.name(), parameter.value(),
                            gradients.of(parameter).toDoubles(), store::repack));
                }
            }
        }
        return subjects;
    }

    /// The five-point difference towards one element. Differences are taken value by value before they are summed, so
    /// that values which the element does not touch add no rounding.
    private double difference(Function function, double[] coefficients, Subject subject, int index, Tensor... inputs) {
        double x = subject.value().get(index);
        double h = Math.scalb(STEP, Math.getExponent(Math.max(1, Math.abs(x))));
        double[][] at = new double[4][];
        double[] offsets = {h, -h, 2 * h, -2 * h};
        try {
            for (int i = 0; i < at.length; i++) {
                subject.value().set(index, x + offsets[i]);
                subject.changed().run();
                at[i] = values(function, inputs);
            }
        } finally {
            subject.value().set(index, x);
            subject.changed().run();
        }
        double sum = 0;
        for (int i = 0; i < coefficients.length; i++) {
            sum += coefficients[i] * (8 * (at[0][i] - at[1][i]) - (at[2][i] - at[3][i]));
        }
        return sum / (12 * h);
    }

    private double[] values(Function function, Tensor... inputs) {
        try (Tape tape = Tape.inference(backend, scope)) {
            return function.apply(tape, variables(tape, inputs)).value().toDoubles();
        }
    }

    private static List<Var> variables(Tape tape, Tensor... inputs) {
        List<Var> variables = new ArrayList<>();
        for (Tensor input : inputs) {
            variables.add(tape.variable(input));
        }
        return variables;
    }

    private double[] coefficients(int count) {
        if (count == 1) {
            return ONE;
        }
        RandomKey own = key.fold("coefficients");
        double[] coefficients = new double[count];
        for (int i = 0; i < count; i++) {
            double u = 2 * own.uniform(i) - 1;
            coefficients[i] = Math.copySign(0.5 + 0.5 * Math.abs(u), u);
        }
        return coefficients;
    }

    private int[] chosen(Subject subject) {
        int size = Math.toIntExact(subject.value().elements());
        if (size <= limit) {
            return IntStream.range(0, size).toArray();
        }
        return IntStream.of(key.fold(subject.name()).permutation(size)).limit(limit).toArray();
    }

    private static double relativeError(double analytic, double numeric, double floor) {
        double scale = Math.max(floor, Math.max(Math.abs(analytic), Math.abs(numeric)));
        double error = Math.abs(analytic - numeric) / scale;
        return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static void requireSameBits(double[] before, double[] after) {
        for (int i = 0; i < before.length; i++) {
            if (Double.doubleToLongBits(before[i]) != Double.doubleToLongBits(after[i])) {
                throw new IllegalStateException("gradCheck: value[" + i + "] was " + before[i] + " and is " + after[i]
                        + " for the same arguments; the function must not depend on anything else");
            }
        }
    }
}
