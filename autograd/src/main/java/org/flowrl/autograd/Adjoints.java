package org.flowrl.autograd;

import java.util.function.Consumer;
import org.flowrl.tensor.ElementwiseKernels.Binary;
import org.flowrl.tensor.Tensor;

/// The gradients of one backward pass while it runs: pullbacks contribute to them. Contributions to one variable add
/// up.
public final class Adjoints {
    private final Tape tape;
    private final Gradients gradients;
    private final Tensor[] tensors;
    /// False where the tensor is shared with another variable's gradient and must not be written to.
    private final boolean[] owned;

    Adjoints(Tape tape, Gradients gradients, int variables) {
        this.tape = tape;
        this.gradients = gradients;
        this.tensors = new Tensor[variables];
        this.owned = new boolean[variables];
    }

    /// True where a contribution to `input` is of use; pullbacks skip the work where not.
    public boolean wants(Var input) {
        return input.needsGradient();
    }

    /// The gradient of `input` to add to: zeros at first. For kernels that add, as those of parameters do.
    public Tensor sum(Var input) {
        if (input.isParameter()) {
            return gradients.of(input.parameter());
        }
        int i = input.index();
        if (tensors[i] == null) {
            tensors[i] = tape.scope().zeros(input.value().dtype(), input.shape());
        } else if (!owned[i]) {
            tensors[i] = tensors[i].copy(tape.scope());
        }
        owned[i] = true;
        return tensors[i];
    }

    /// Contributes what `write` writes into the tensor that it is given, which has the shape of `input` and undefined
    /// content. Does nothing where no gradient is wanted.
    public void add(Var input, Consumer<Tensor> write) {
        if (!wants(input)) {
            return;
        }
        Tensor contribution = tape.like(input.value());
        write.accept(contribution);
        contribute(input, contribution, true);
    }

    /// Contributes `contribution`, which nobody writes to afterwards. Does nothing where no gradient is wanted.
    public void pass(Var input, Tensor contribution) {
        if (wants(input)) {
            contribute(input, contribution, false);
        }
    }

    /// The parameters' gradients of this pass.
    Gradients gradients() {
        return gradients;
    }

    Tensor of(Var variable) {
        return tensors[variable.index()];
    }

    private void contribute(Var input, Tensor contribution, boolean isOwned) {
        int i = input.index();
        if (!input.isParameter() && tensors[i] == null) {
            tensors[i] = contribution;
            owned[i] = isOwned;
            return;
        }
        Tensor target = input.isParameter() || owned[i] ? sum(input) : tape.like(input.value());
        Tensor present = input.isParameter() ? target : tensors[i];
        tape.backend().elementwise().binary(Binary.ADD, present, contribution, target);
        if (!input.isParameter()) {
            tensors[i] = target;
            owned[i] = true;
        }
    }
}
