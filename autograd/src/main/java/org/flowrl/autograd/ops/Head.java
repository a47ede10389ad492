package org.flowrl.autograd.ops;

import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.Tensor;

/// The language-model head: from hidden states to log-probabilities of given words, without [N, V] in memory.
public final class Head {
    private Head() {
    }

    /// Log-probabilities of the target words and entropies of their distributions, in nats.
    ///
    /// @param logProb `[N]`
    /// @param entropy `[N]`
    public record LogProbs(Var logProb, Var entropy) {
    }

    /// `log softmax(hidden · weightᵀ / temperature)[target]` and the entropy; see {@link HeadKernels}. Both carry
    /// gradients.
    ///
    /// @param hidden [N, D]
    /// @param weight matrix [V, D]
    /// @param targets I32 `[N]`
    /// @param temperature above 0
    public static LogProbs logProbs(Var hidden, Parameter weight, Tensor targets, double temperature) {
        Tape tape = hidden.tape();
        HeadKernels kernels = tape.backend().heads();
        Var w = tape.parameter(weight);
        DType dtype = hidden.value().dtype();
        long n = hidden.dim(0);
        Tensor both = tape.allocate(dtype, 2, n);
        Tensor logProb = both.slice(0, 1).reshape(n);
        Tensor entropy = both.slice(1, 1).reshape(n);
        Tensor lse = tape.allocate(dtype, n);
        kernels.logProbs(hidden.value(), weight.packed(), targets, temperature, logProb, entropy, lse);
        Var pair = tape.record(both, (dboth, adjoints) -> {
            Tensor dhidden = tape.like(hidden.value());
            Tensor dweight = adjoints.wants(w) ? adjoints.sum(w) : null;
            kernels.logProbsBackward(hidden.value(), weight.packed(), targets, temperature, entropy, lse,
                    dboth.slice(0, 1).reshape(n), dboth.slice(1, 1).reshape(n), dhidden, dweight);
            adjoints.give(hidden, dhidden);
        }, hidden, w);
        return new LogProbs(row(pair, 0, logProb), row(pair, 1, entropy));
    }

    /// Row `index` of a [2, N] variable.
    private static Var row(Var pair, int index, Tensor value) {
        return pair.tape().record(value, (dy, adjoints) ->
                adjoints.sum(pair).slice(index, 1).reshape(dy.elements()).copyFrom(dy), pair);
    }
}
