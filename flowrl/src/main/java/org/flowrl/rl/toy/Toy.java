package org.flowrl.rl.toy;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.autograd.optim.Schedule;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.objective.Advantages;
import org.flowrl.rl.objective.FlowRl;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.PolicyLoss;
import org.flowrl.rl.objective.Weight;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;

/// Trains a table of logits on {@link ToyTarget} in two ways, from the same start with the same samples' number:
///
/// - **trajectory balance**: {@link FlowRl}'s own loss on responses of one token, R = ln (f + 1e-6), β = 1, no
///   reference. Its optimum is the policy f / Σ f with log Z = ln Σ f;
/// - **maximiser**: REINFORCE on advantages that are f standardised within groups of eight, as GRPO has them, without a
///   penalty. It ends on one state, p = 1 at 50, where KL(policy‖target) = −ln 0.08921 = 2.4168.
///
/// The paper's figure says 0.11 and 8.68 for KL(target‖policy). Its 0.11 is the target shifted by one state (which
/// alone makes 0.1000), and the other depends on the floor that the collapsed policy keeps; no code was published.
public final class Toy {
    /// Added to f before its logarithm.
    private static final double REWARD_FLOOR = 1e-6;
    private static final int GROUP = 8;

    private Toy() {
    }

    /// How a policy is trained.
    public enum Method {
        /// Matches the distribution of rewards.
        TRAJECTORY_BALANCE,
        /// Seeks the greatest reward.
        MAXIMISER
    }

    /// @param steps optimizer steps
    /// @param samples drawn from the policy in a step, a multiple of 8
    /// @param learningRate of Adam, the highest; falls along a half cosine to `floor` of it
    public record Settings(long steps, int samples, double learningRate, double floor, long seed) {
        public Settings {
            if (steps < 1) {
                throw new IllegalArgumentException("toy: steps " + steps + " must be at least 1");
            }
            if (samples < GROUP || samples % GROUP != 0) {
                throw new IllegalArgumentException("toy: samples " + samples + " must be a multiple of " + GROUP);
            }
        }

        /// Enough for KL(target‖policy) below 1e-3.
        public static Settings defaults() {
            return new Settings(6000, 64, 0.05, 0.02, 1);
        }

        /// These settings with another number of steps.
        public Settings withSteps(long value) {
            return new Settings(value, samples, learningRate, floor, seed);
        }

        /// These settings with another seed.
        public Settings withSeed(long value) {
            return new Settings(steps, samples, learningRate, floor, value);
        }
    }

    /// A trained policy.
    ///
    /// @param probabilities of the states
    /// @param logZ learned; empty for the maximiser, which has none
    public record Result(Method method, double[] probabilities, OptionalDouble logZ) {
        /// KL(target‖policy), nats: large where the policy lost what the target has.
        public double targetToPolicy() {
            return ToyTarget.divergence(ToyTarget.probabilities(), probabilities);
        }

        /// KL(policy‖target), nats.
        public double policyToTarget() {
            return ToyTarget.divergence(probabilities, ToyTarget.probabilities());
        }

        /// The probabilities of the three peaks' ranges.
        public double[] peakMasses() {
            return ToyTarget.peakMasses(probabilities);
        }

        @Override
        public boolean equals(Object object) {
            return object instanceof Result other && Arrays.deepEquals(parts(), other.parts());
        }

        @Override
        public int hashCode() {
            return Arrays.deepHashCode(parts());
        }

        @Override
        public String toString() {
            return "Result[method=" + method + ", probabilities=" + Arrays.toString(probabilities) + ", logZ=" + logZ
                    + "]";
        }

        /// Records compare arrays by identity; these are compared by their values.
        private Object[] parts() {
            return new Object[] {method, probabilities, logZ};
        }
    }

    /// Trains a policy; the same settings give the same bits.
    public static Result train(Method method, Settings settings) {
        // F64 on the reference backend: a hundred logits are too few for vectors.
        try (Backend backend = Backends.open("reference", 1).backend();
             Scope scope = Scope.root("toy", backend.memory())) {
            ToyPolicy policy = new ToyPolicy(backend, scope);
            AdamW adam = new AdamW(AdamW.Settings.defaults(), List.of(new AdamW.Group(policy.store(), 1)), scope);
            Gradients gradients = new Gradients(scope, List.of(policy.store()));
            Schedule schedule = Schedule.cosine(1, settings.steps(), settings.floor());
            RandomKey key = RandomKey.of(settings.seed()).fold("toy");
            for (long step = 0; step < settings.steps(); step++) {
                int[] states = policy.sample(key.fold(step), settings.samples());
                try (Tape tape = Tape.recording(backend, scope)) {
                    Var logProbs = policy.logProbs(tape, states);
                    tape.backward(loss(method, policy, logProbs, states), gradients);
                }
                adam.step(gradients, settings.learningRate() * schedule.factor(step));
            }
            return new Result(method, policy.probabilities(), method == Method.TRAJECTORY_BALANCE
                    ? OptionalDouble.of(policy.logZ()) : OptionalDouble.empty());
        }
    }

    private static Var loss(Method method, ToyPolicy policy, Var logProbs, int[] states) {
        double[] rewards = ToyTarget.rewards();
        double[] drawn = Arrays.stream(states).mapToDouble(state -> rewards[state]).toArray();
        return switch (method) {
            case TRAJECTORY_BALANCE -> FlowRl.terms(
                    FlowRlSettings.paper().withBeta(1).withRawReward().withWeight(new Weight.One()), logProbs,
                    policy.logZ(logProbs.tape(), states.length), batch(logProbs,
                            Arrays.stream(drawn).map(reward -> Math.log(reward + REWARD_FLOOR)).toArray())).loss();
            case MAXIMISER -> Reductions.mean(new PolicyLoss.Reinforce().perToken(logProbs, batch(logProbs,
                    Advantages.GROUP_STD.perResponse(drawn,
                            IntStream.range(0, states.length).map(i -> i / GROUP).toArray())), new MetricSums()));
        };
    }

    /// Responses of one token each, under a reference that gives all states the weight 1.
    private static Batch batch(Var logProbs, double[] advantages) {
        Scope scope = logProbs.tape().scope();
        int count = advantages.length;
        int[] lengths = new int[count];
        Arrays.fill(lengths, 1);
        int[] starts = IntStream.rangeClosed(0, count).toArray();
        double[] weightless = new double[count];
        Batch.Scores scores = new Batch.Scores(logProbs.value(), logProbs.value(), scope.of(weightless, count), null);
        return new Batch(scope.of(starts, starts.length), lengths, IntStream.range(0, count).toArray(), scores,
                new Batch.Aims(scope.of(advantages, count), null, null), count, count, 1, RandomKey.of(0));
    }
}
