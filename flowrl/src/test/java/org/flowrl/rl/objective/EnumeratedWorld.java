package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.rl.Batch;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// FlowRL's proposition (arXiv 2509.15207, Prop. 1) on a world of K outcomes, where every expectation is a sum: the
/// gradient of the trajectory-balance loss, with the sampling distribution held fixed, is twice that of the reverse
/// Kullback-Leibler divergence to the target.
///
/// ```
/// d(y)   = log Z + log π_θ(y) − β · r(y) − log π_ref(y)                 π_θ = softmax(logits)
/// ∇_θ KL(π_θ ‖ π_ref · e^(β · r) / Z)  =  E_{y ~ π_θ}[d(y) · ∇_θ log π_θ(y)]
/// E_{y ~ π_θ}[∇_θ d(y)²]               =  2 · E_{y ~ π_θ}[d(y) · ∇_θ log π_θ(y)]
/// ```
/// {@link #klGradient} is the left side of the first line, by the definition of the divergence; the trajectory-balance
/// side is {@link FlowRl#terms} itself, differentiated by the tape. From samples of another policy μ it holds with
/// the weights π_θ / μ and not without; clipped weights break it. The gradient of E_{π_θ}[d²] through the sampling
/// distribution as well is another one.
///
/// @param logits of the policy
/// @param rewards r of each outcome
/// @param reference π_ref of each outcome, which sum to 1
/// @param beta β
record EnumeratedWorld(double[] logits, double[] rewards, double[] reference, double beta) {
    /// Outcomes.
    private int size() {
        return logits.length;
    }

    /// π_θ.
    double[] policy() {
        double largest = Arrays.stream(logits).max().orElseThrow();
        double[] exponentials = Arrays.stream(logits).map(x -> Math.exp(x - largest)).toArray();
        double sum = Arrays.stream(exponentials).sum();
        return Arrays.stream(exponentials).map(x -> x / sum).toArray();
    }

    /// log of Σ_y π_ref(y) · e^(β · r(y)).
    double trueLogZ() {
        return Math.log(IntStream.range(0, size()).mapToDouble(y -> reference[y] * Math.exp(beta * rewards[y])).sum());
    }

    /// KL(π_θ ‖ target), in nats.
    double kl() {
        double[] p = policy();
        return expectation(p, y -> residual(p, y, trueLogZ()));
    }

    /// The log Z that makes the residuals of this policy as small as can be: their negative mean without it.
    double bestLogZ() {
        double[] p = policy();
        return -expectation(p, y -> residual(p, y, 0));
    }

    /// ∇_θ KL(π_θ ‖ target): Σ_y ∂π_θ(y) · log(π_θ(y) / target(y)) + Σ_y ∂π_θ(y), the last sum being 0.
    double[] klGradient() {
        double[] p = policy();
        return alongLogits(p, y -> residual(p, y, trueLogZ()));
    }

    /// ½ ∇_θ E_{y ~ π_θ}[d(y)²] through the sampling distribution as well.
    double[] halfFullGradient(double logZ) {
        double[] p = policy();
        return alongLogits(p, y -> {
            double d = residual(p, y, logZ);
            return d + 0.5 * d * d;
        });
    }

    /// ½ E_{y ~ μ}[weight(y) · ∇_θ d(y)²] by {@link FlowRl#terms}, an outcome being a response of one token.
    ///
    /// @param weight of FlowRL on W = π_θ / μ
    /// @param sampling μ
    double[] halfBalanceGradient(Backend backend, double logZ, Weight weight, double[] sampling) {
        FlowRlSettings settings = new FlowRlSettings("equivalence", beta, weight, Advantages.RAW,
                new LogZSettings.Constant(logZ), true, 0, Variations.none());
        double[] gradient = new double[size()];
        try (Scope scope = Scope.root("equivalence", backend.memory())) {
            for (int y : IntStream.range(0, size()).filter(y -> sampling[y] > 0).toArray()) {
                double[] own = halfGradient(backend, scope, settings, logZ, sampling, y);
                for (int k = 0; k < size(); k++) {
                    gradient[k] += sampling[y] * own[k];
                }
            }
        }
        return gradient;
    }

    /// ½ weight(y) · ∇_θ d(y)² of one sampled outcome.
    private double[] halfGradient(Backend backend, Scope scope, FlowRlSettings settings, double logZ,
            double[] sampling, int y) {
        try (Tape tape = Tape.recording(backend, scope)) {
            Scope memory = tape.scope();
            Var theta = tape.variable(memory.of(logits, size()));
            Var logProb = logSoftmax(theta, memory, y);
            Tensor old = memory.of(new double[] {Math.log(sampling[y])}, 1);
            Tensor ref = memory.of(new double[] {Math.log(reference[y])}, 1);
            Tensor reward = memory.of(new double[] {rewards[y]}, 1);
            Batch batch = new Batch(memory.of(new int[] {0, 1}, 2), new int[] {1}, new int[] {y},
                    new Batch.Scores(old, old, ref, null), new Batch.Aims(reward, null, null), 1, 1, 1,
                    RandomKey.of(0));
            Var z = tape.constant(memory.of(new double[] {logZ}, 1));
            Var half = Pointwise.scale(FlowRl.terms(settings, logProb, z, batch).loss(), 0.5);
            tape.backward(half, new Gradients(memory, List.of()));
            return tape.gradient(theta).toDoubles();
        }
    }

    /// log π_θ(y), [1].
    private Var logSoftmax(Var theta, Scope memory, int y) {
        Var sum = Reductions.sum(Pointwise.exp(theta));
        Var chosen = Rows.reshape(Rows.gather(Rows.reshape(theta, size(), 1), memory.of(new int[] {y}, 1)), 1);
        return Pointwise.subtract(chosen, Pointwise.log(sum));
    }

    private double residual(double[] p, int y, double logZ) {
        return logZ + Math.log(p[y]) - beta * rewards[y] - Math.log(reference[y]);
    }

    private double expectation(double[] p, IntToDoubleFunction f) {
        return IntStream.range(0, size()).mapToDouble(y -> p[y] * f.applyAsDouble(y)).sum();
    }

    /// Σ_y f(y) · ∂π_θ(y)/∂logit_k = π_k · (f(k) − Σ_y π_y · f(y)).
    private double[] alongLogits(double[] p, IntToDoubleFunction f) {
        double mean = expectation(p, f);
        return IntStream.range(0, size()).mapToDouble(k -> p[k] * (f.applyAsDouble(k) - mean)).toArray();
    }
}
