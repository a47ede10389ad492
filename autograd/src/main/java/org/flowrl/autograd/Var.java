package org.flowrl.autograd;

import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;

/// A tensor on a {@link Tape}. {@link #value} leaves the tape: what is computed from it carries no gradient, so a
/// stop-gradient is visible in the types.
public final class Var {
    private final Tape tape;
    private final int index;
    private final Tensor value;
    private final boolean needsGradient;
    private final Parameter parameter;

    Var(Tape tape, int index, Tensor value, boolean needsGradient, Parameter parameter) {
        this.tape = tape;
        this.index = index;
        this.value = value;
        this.needsGradient = needsGradient;
        this.parameter = parameter;
    }

    /// The tape that this variable was made on.
    public Tape tape() {
        return tape;
    }

    /// The value, without its history.
    ///
    /// @throws IllegalStateException for a frozen parameter that is kept as a packed copy alone
    public Tensor value() {
        return parameter == null ? value : parameter.value();
    }

    /// The dimensions of the value.
    public Shape shape() {
        return parameter == null ? value.shape() : parameter.shape();
    }

    /// Size of dimension `axis` of the value; negative counts from the end.
    public long dim(int axis) {
        return shape().dim(axis);
    }

    /// True where a loss computed from this variable would have a gradient towards a parameter or variable in it.
    public boolean needsGradient() {
        return needsGradient;
    }

    /// The parameter that this variable stands for.
    ///
    /// @throws IllegalStateException where it stands for none
    public Parameter parameter() {
        if (parameter == null) {
            throw new IllegalStateException("variable " + value + " is not a parameter");
        }
        return parameter;
    }

    boolean isParameter() {
        return parameter != null;
    }

    int index() {
        return index;
    }

    @Override
    public String toString() {
        return parameter == null ? value.toString()
                : parameter.name() + " " + parameter.store().dtype() + parameter.shape();
    }
}
