package org.flowrl.rl.toy;

import java.util.Arrays;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// A softmax over a table of logits, and a number log Z, in F64; uniform and 0 at first.
///
/// The softmax is the language model's head on a hidden state of one element that is always 1, its words being the
/// states.
final class ToyPolicy {
    private final ParameterStore store;
    private final Parameter logits;
    private final Parameter logZ;

    /// @param scope holds the parameters
    ToyPolicy(Backend backend, Scope scope) {
        store = new ParameterStore(backend, scope, DType.F64);
        logits = store.root().matrix("logits", Initializer.zeros(), ToyTarget.STATES, 1);
        logZ = store.root().declare("log_z", Initializer.zeros(), 1);
        store.allocate();
        store.initialize(RandomKey.of(0));
    }

    ParameterStore store() {
        return store;
    }

    /// The probability of each state.
    double[] probabilities() {
        double[] values = logits.value().toDoubles();
        double largest = Arrays.stream(values).max().orElseThrow();
        double[] weights = Arrays.stream(values).map(value -> Math.exp(value - largest)).toArray();
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(weight -> weight / sum).toArray();
    }

    /// States drawn from the policy, counted from 0.
    int[] sample(RandomKey key, int count) {
        double[] cumulative = probabilities();
        Arrays.parallelPrefix(cumulative, Double::sum);
        int[] states = new int[count];
        for (int i = 0; i < count; i++) {
            int place = Arrays.binarySearch(cumulative, key.uniform(i));
            states[i] = Math.min(place < 0 ? -place - 1 : place + 1, ToyTarget.STATES - 1);
        }
        return states;
    }

    /// ln p of some states, [count].
    Var logProbs(Tape tape, int[] states) {
        double[] ones = new double[states.length];
        Arrays.fill(ones, 1);
        Var hidden = tape.constant(tape.scope().of(ones, states.length, 1));
        return Head.logProbs(hidden, logits, tape.scope().of(states, states.length), 1).logProb();
    }

    /// log Z, `count` times.
    Var logZ(Tape tape, int count) {
        Tensor all = tape.scope().of(new int[] {0, count}, 2);
        return Rows.segmentBroadcast(tape.parameter(logZ), all, count);
    }

    double logZ() {
        return logZ.value().item();
    }
}
