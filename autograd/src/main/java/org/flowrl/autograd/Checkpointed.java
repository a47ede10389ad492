package org.flowrl.autograd;

import java.util.function.UnaryOperator;
import org.flowrl.tensor.Tensor;

/// Activation checkpointing (Chen et al. 2016): trades a second forward pass for the memory of a block's activations.
public final class Checkpointed {
    private Checkpointed() {
    }

    /// The value of `block` at `x`, keeping only `x` and the value; the backward pass computes the block again, with
    /// the same kernels and so the same bits. Gradients are those of the plain block bit for bit, but for that of an
    /// `x` which is used both outside the block and several times in it: there sums associate in another order.
    ///
    /// @param block must compute on the tape of the variable that it is given, from it and from parameters alone
    public static Var apply(Var x, UnaryOperator<Var> block) {
        Tape tape = x.tape();
        Tensor value;
        try (Tape inner = Tape.inference(tape.backend(), tape.scope())) {
            value = tape.scope().adopt(block.apply(inner.constant(x.value())).value());
        }
        return tape.record(value, true, (gradient, adjoints) -> {
            try (Tape inner = Tape.recording(tape.backend(), tape.scope())) {
                Var input = inner.variable(x.value());
                inner.backward(block.apply(input), gradient, adjoints.gradients());
                adjoints.add(x, dx -> dx.copyFrom(inner.gradient(input)));
            }
        });
    }
}
