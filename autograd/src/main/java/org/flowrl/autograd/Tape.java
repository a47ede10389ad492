package org.flowrl.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Records how values were computed, so that {@link #backward} can run the calculation in reverse. Owns a scope:
/// closing the tape frees every activation made on it.
///
/// An op computes its value, then hands the tape its inputs and a {@link Pullback}. A tape of {@link #inference} keeps
/// no pullbacks and is used for sampling and scoring; the same ops and kernels run on both, so values are the same
/// bits. No globals and no thread-locals; one thread at a time.
///
/// ```java
/// try (Tape tape = Tape.recording(backend, scope)) {
///     Var loss = Reductions.mean(Pointwise.square(Products.linear(tape.constant(x), w, null)));
///     tape.backward(loss, gradients);             // adds to the gradients
///     adam.step(gradients, 1e-3);                 // moves the parameters and zeroes the gradients
///     IO.println(loss.value().sum());             // the loss as a number
/// }
/// ```
public final class Tape implements AutoCloseable {
    /// The reverse of one op: given the gradient of the op's value, contributes the gradients of its inputs.
    @FunctionalInterface
    public interface Pullback {
        /// @param gradient of the loss towards the op's value; same shape; must not be written to, and is gone after
        ///     the call, unless {@link Adjoints#pass} hands it on
        /// @param adjoints where the contributions go
        void apply(Tensor gradient, Adjoints adjoints);
    }

    private record Node(Var output, Pullback pullback) {
    }

    private final Backend backend;
    private final Scope scope;
    private final boolean recording;
    private final List<Node> nodes = new ArrayList<>();
    private int variables;
    private Adjoints adjoints;

    private Tape(Backend backend, Scope parent, boolean recording) {
        this.backend = backend;
        this.scope = parent.child(recording ? "tape" : "inference");
        this.recording = recording;
    }

    /// A tape that can be run in reverse; its memory is a scope inside `parent`.
    public static Tape recording(Backend backend, Scope parent) {
        return new Tape(backend, parent, true);
    }

    /// A tape that computes values only.
    public static Tape inference(Backend backend, Scope parent) {
        return new Tape(backend, parent, false);
    }

    /// The backend that ops on this tape compute with.
    public Backend backend() {
        return backend;
    }

    /// The scope that holds the values made on this tape.
    public Scope scope() {
        return scope;
    }

    /// True where pullbacks are kept.
    public boolean isRecording() {
        return recording;
    }

    /// A value that no gradient is wanted for.
    public Var constant(Tensor value) {
        return new Var(this, variables++, value, false, null);
    }

    /// A value whose gradient {@link #gradient} gives after {@link #backward}.
    public Var variable(Tensor value) {
        return new Var(this, variables++, value, recording, null);
    }

    /// A parameter; its gradient goes to the {@link Gradients} of the backward pass, unless its store is frozen.
    public Var parameter(Parameter parameter) {
        return new Var(this, variables++, null, recording && parameter.isTrainable(), parameter);
    }

    /// A tensor of undefined content for an op's value.
    public Tensor allocate(DType dtype, long... dims) {
        return scope.allocate(dtype, dims);
    }

    /// A tensor of undefined content, of the shape and type of `model`.
    public Tensor like(Tensor model) {
        return scope.allocate(model.dtype(), model.shape());
    }

    /// The variable of an op's value. The pullback is kept where the tape records and an input needs a gradient.
    public Var record(Tensor value, Pullback pullback, Var... inputs) {
        boolean needsGradient = false;
        for (Var input : inputs) {
            requireOwn("record", "input", input);
            needsGradient |= input.needsGradient();
        }
        return record(value, needsGradient, pullback);
    }

    /// As {@link #record(Tensor, Pullback, Var...)} for an op whose parameters are not among its inputs.
    Var record(Tensor value, boolean needsGradient, Pullback pullback) {
        boolean keep = recording && needsGradient;
        Var output = new Var(this, variables++, value, keep, null);
        if (keep) {
            nodes.add(new Node(output, pullback));
        }
        return output;
    }

    /// Adds the gradients of a scalar loss to `gradients`; variables' gradients are then at {@link #gradient}. Once a
    /// tape.
    ///
    /// @param loss one element, made on this tape
    /// @throws IllegalStateException where the tape does not record or has been run in reverse before
    /// @throws IllegalArgumentException where the loss has several elements or belongs to another tape
    public void backward(Var loss, Gradients gradients) {
        if (loss.value().elements() != 1) {
            throw new IllegalArgumentException("backward: loss " + loss + " must have one element");
        }
        Tensor one = like(loss.value());
        backend.elementwise().fill(one, 1);
        backward(loss, one, gradients);
    }

    /// As {@link #backward(Var, Gradients)} from a value of any shape with its own gradient.
    public void backward(Var output, Tensor outputGradient, Gradients gradients) {
        if (!recording || adjoints != null) {
            throw new IllegalStateException(recording ? "backward: this tape has been run in reverse before"
                    : "backward: this tape is for inference and records nothing");
        }
        requireOwn("backward", "output", output);
        if (!outputGradient.shape().equals(output.shape())) {
            throw new IllegalArgumentException("backward: gradient " + outputGradient + " must have the shape of "
                    + output);
        }
        adjoints = new Adjoints(this, gradients, variables);
        adjoints.pass(output, outputGradient);
        for (Node node : nodes.reversed()) {
            adjoints.pull(node.output(), node.pullback());
        }
    }

    /// The gradient of a {@link #variable} after {@link #backward}; zeros where the loss does not depend on it.
    ///
    /// @throws IllegalStateException before {@link #backward}
    /// @throws IllegalArgumentException for a parameter, whose gradient is in {@link Gradients}, for a constant, for an
    ///     op's value, whose gradient is not kept, and for a variable of another tape
    public Tensor gradient(Var variable) {
        if (adjoints == null) {
            throw new IllegalStateException("gradient: backward has not been run");
        }
        requireOwn("gradient", "variable", variable);
        if (variable.isParameter() || !variable.needsGradient()) {
            throw new IllegalArgumentException("gradient: " + variable + (variable.isParameter()
                    ? " is a parameter, its gradient is in Gradients" : " is a constant and has no gradient"));
        }
        if (adjoints.isPulled(variable)) {
            throw new IllegalArgumentException("gradient: " + variable
                    + " is an op's value, whose gradient was freed when the op was run in reverse");
        }
        Tensor gradient = adjoints.of(variable);
        return gradient != null ? gradient : scope.zeros(variable.value().dtype(), variable.shape());
    }

    /// Where a value that is not a number first came up among the recorded ops: the class of the op, its number on the
    /// tape and its value's shape. Empty where every value is a number. For messages.
    public Optional<String> firstNaN() {
        for (int i = 0; i < nodes.size(); i++) {
            Var output = nodes.get(i).output();
            if (Arrays.stream(output.value().toDoubles()).anyMatch(Double::isNaN)) {
                // A pullback is a lambda of the class that the op's method is in.
                String op = nodes.get(i).pullback().getClass().getName().replaceFirst("\\$\\$Lambda.*", "");
                return Optional.of("op " + i + " of the tape, from " + op + ", value " + output.value());
            }
        }
        return Optional.empty();
    }

    /// The number of recorded ops and the scope.
    @Override
    public String toString() {
        return "Tape of " + nodes.size() + " ops in " + scope.name();
    }

    /// Frees every value made on this tape.
    @Override
    public void close() {
        scope.close();
    }

    private void requireOwn(String operation, String name, Var variable) {
        if (variable.tape() != this) {
            throw new IllegalArgumentException(operation + ": " + name + " " + variable + " belongs to another tape");
        }
    }
}
