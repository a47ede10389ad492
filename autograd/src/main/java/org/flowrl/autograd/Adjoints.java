package org.flowrl.autograd;

import java.util.function.Consumer;
import org.flowrl.tensor.ElementwiseKernels.Binary;
import org.flowrl.tensor.Tensor;

/// The gradients of one backward pass while it runs: pullbacks contribute to them. Contributions to one variable add
/// up. The gradient of an op's value is freed as soon as the op's pullback has seen it.
public final class Adjoints {
    /// Memory that the gradients of one or more variables lie in.
    private static final class Share {
        private final Tensor tensor;
        /// False where somebody else made the memory, who may still need it: never written to and never freed.
        private final boolean isOwn;
        private int users;

        private Share(Tensor tensor, boolean isOwn) {
            this.tensor = tensor;
            this.isOwn = isOwn;
        }

        private boolean isWritable() {
            return isOwn && users == 1;
        }
    }

    private final Tape tape;
    private final Gradients gradients;
    /// The gradient of each variable so far, or null.
    private final Tensor[] tensors;
    /// Where it lies.
    private final Share[] shares;
    private final boolean[] isPulled;
    /// What the running pullback was given.
    private Share pulled;

    Adjoints(Tape tape, Gradients gradients, int variables) {
        this.tape = tape;
        this.gradients = gradients;
        this.tensors = new Tensor[variables];
        this.shares = new Share[variables];
        this.isPulled = new boolean[variables];
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
            hold(i, new Share(tape.scope().zeros(input.value().dtype(), input.shape()), true));
        } else if (!shares[i].isWritable()) {
            hold(i, new Share(tensors[i].copy(tape.scope()), true));
        }
        return tensors[i];
    }

    /// Contributes what `write` writes into the tensor that it is given, which has the shape of `input` and undefined
    /// content. Does nothing where no gradient is wanted.
    public void add(Var input, Consumer<Tensor> write) {
        if (wants(input)) {
            Tensor contribution = tape.like(input.value());
            write.accept(contribution);
            give(input, contribution);
        }
    }

    /// Contributes a tensor that the pullback made on the tape and has no more use for: it may be written to, and is
    /// freed when its work is done, or at once where no gradient is wanted.
    public void give(Var input, Tensor contribution) {
        contribute(input, contribution, new Share(contribution, true));
    }

    /// Contributes `contribution`, such as the gradient that the pullback was given or a view of it. It is not written
    /// to, and nobody may write to it afterwards. Does nothing where no gradient is wanted.
    public void pass(Var input, Tensor contribution) {
        boolean isPulled = pulled != null && contribution.isViewOf(pulled.tensor);
        contribute(input, contribution, isPulled ? pulled : new Share(contribution, false));
    }

    /// The parameters' gradients of this pass.
    Gradients gradients() {
        return gradients;
    }

    /// The gradient of a variable; null where nothing was contributed to it.
    Tensor of(Var variable) {
        return tensors[variable.index()];
    }

    /// True where the variable's gradient was consumed by {@link #pull}.
    boolean isPulled(Var variable) {
        return isPulled[variable.index()];
    }

    /// Runs the pullback of the op that made `output` where there is a gradient for it, and frees that gradient.
    void pull(Var output, Tape.Pullback pullback) {
        int i = output.index();
        if (tensors[i] == null) {
            return;
        }
        pulled = shares[i];
        pullback.apply(tensors[i], this);
        pulled = null;
        tensors[i] = null;
        leave(shares[i]);
        isPulled[i] = true;
    }

    private void contribute(Var input, Tensor contribution, Share share) {
        share.users++;
        int i = input.index();
        if (!wants(input)) {
            leave(share);
        } else if (input.isParameter()) {
            Tensor sum = sum(input);
            tape.backend().elementwise().binary(Binary.ADD, sum, contribution, sum);
            leave(share);
        } else if (tensors[i] == null) {
            tensors[i] = contribution;
            shares[i] = share;
        } else {
            Tensor present = tensors[i];
            Tensor target = shares[i].isWritable() ? present : tape.like(input.value());
            tape.backend().elementwise().binary(Binary.ADD, present, contribution, target);
            if (target != present) {
                hold(i, new Share(target, true));
            }
            leave(share);
        }
    }

    /// From now on the gradient of variable `i` is the whole of `share`, in place of what it was.
    private void hold(int i, Share share) {
        if (tensors[i] != null) {
            leave(shares[i]);
        }
        share.users++;
        tensors[i] = share.tensor;
        shares[i] = share;
    }

    /// One user less; the last one frees the memory.
    private void leave(Share share) {
        share.users--;
        if (share.users == 0 && share.isOwn) {
            tape.scope().release(share.tensor);
        }
    }
}
