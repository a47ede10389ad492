package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.objective.Objective.PromptStates;
import org.flowrl.rl.objective.Variations.Anchor;
import org.flowrl.rl.objective.Variations.Level;
import org.flowrl.tensor.UnknownName;

/// The published algorithms, and FlowRL's ablations, by name: {@link #ALL} has a line and a source for each.
///
/// {@link #named} gives the settings as they were published, {@link #onTask} the same for a task that pays raw rewards,
/// and {@link #apply} a whole configuration, with what an algorithm changes in sampling.
public final class Algorithms {
    private static final String PAPER = "arXiv 2509.15207";
    private static final String RECIPE = "volcengine/verl recipe/flowrl @ f11af2d53";
    private static final String OCTOBER = "volcengine/verl recipe/flowrl @ 012150d66";
    private static final String VERL = "volcengine/verl core_algos.py @ b178a3cd";
    private static final String BRANCH = "Xuekai-Zhu/verl_FlowRL, branch no-log-z";
    private static final double CLIP_LOW = 0.2;
    private static final double CLIP_HIGH = 0.28;
    private static final double GFLOWRL_BETA = 8;
    private static final int DAPO_GENERATIONS = 10;
    private static final double CONSTANT_LOG_Z = 0.5;
    /// The recipe's setting in its script for truncated importance sampling.
    private static final double SAMPLER_CAP = 2;
    private static final Weight CLIPPED_HIGH = new Weight.Clip(1 - CLIP_LOW, 1 + CLIP_HIGH);

    /// Every algorithm, kind by kind, the best known first.
    public static final List<Algorithm> ALL = List.of(
            flowRl("flowrl", "FlowRL as the verl recipe has it: weight min(W, 10)", RECIPE, base -> base),
            flowRl("flowrl-paper", "FlowRL as printed: weight clipped to 0.8 … 1.2, log Z of the whole prompt", PAPER,
                    base -> base.withWeight(FlowRlSettings.paper().weight())
                            .withLogZ(reading(base, PromptStates.ALL))),
            flowRl("flowrl-released", "the first public code: weight W, micro-batches equal",
                    "Xuekai-Zhu/FlowRL @ decbc57", base -> base.withWeight(Weight.unbounded())
                            .withVariations(Variations.none().withEqualMicroBatchWeight())),
            new Algorithm(Kind.FLOWRL, "gflowrl",
                    "group flow: log Z from the group, clipped gap, weight min(W, 1.2), raw rewards",
                    "arXiv 2607.13394 (gap bounds are ours)", base -> base.settings().named("gflowrl")
                            .withBeta(base.isPublished() ? GFLOWRL_BETA : base.settings().beta()).withRawReward()
                            .withWeight(new Weight.Max(1 + CLIP_LOW)).withLogZ(new LogZSettings.GroupMean())
                            .withVariations(Variations.none().withGapClip(GapClip.ASYMMETRIC))),
            flowRl("flowrl-cispo", "tokens that moved far enough are left out, weight 0.8 … 1.28",
                    "volcengine/verl recipe/flowrl @ 4bf4bd32d", base -> base.withWeight(CLIPPED_HIGH)
                            .withVariations(Variations.none().withTokenMask(new TokenMask.Cispo(CLIP_LOW, CLIP_HIGH)))),
            flowRl("flowrl-gspo", "l is clipped where GSPO's loss is, weight 0.8 … 1.28", OCTOBER,
                    base -> base.withWeight(CLIPPED_HIGH).withVariations(
                            Variations.none().withSequenceClip(new SequenceClip.Gspo(CLIP_LOW, CLIP_HIGH)))),
            flowRl("flowrl-clip-high", "l is clipped in the residual, no weight", OCTOBER,
                    base -> base.withWeight(new Weight.One()).withVariations(
                            Variations.none().withSequenceClip(new SequenceClip.Clamp(CLIP_LOW, CLIP_HIGH)))),
            flowRl("flowrl-tis", "truncated importance sampling towards the sampling engine", OCTOBER,
                    base -> base.withVariations(Variations.none().withSamplerCap(SAMPLER_CAP))),
            flowRl("flowrl-ppo", "the residual beside PPO's clipped loss, no weight",
                    "Xuekai-Zhu/FlowRL @ decbc57 compute_ppo_style_tb_loss", base -> base.withWeight(new Weight.One())
                            .withVariations(Variations.none().withPolicyTerm(CLIP_LOW))),
            new Algorithm(Kind.FLOWRL, "trajectory-balance", "the plain residual: no weight, beta 1",
                    "Xuekai-Zhu/FlowRL @ decbc57 compute_orignal_tb_loss",
                    base -> base.settings().named("trajectory-balance").withWeight(new Weight.One())
                            .withBeta(base.isPublished() ? 1 : base.settings().beta())),
            flowRl("flowrl-old-policy", "the sampling policy in place of the reference, no log Z", BRANCH,
                    base -> base.withLogZ(new LogZSettings.Zero())
                            .withVariations(Variations.none().withAnchor(Anchor.OLD))),
            flowRl("flowrl-token", "a residual for each token, without reference and log Z", BRANCH,
                    base -> base.withWeight(CLIPPED_HIGH).withLogZ(new LogZSettings.Zero()).withVariations(
                            Variations.none().withAnchor(Anchor.NONE).withLevel(Level.TOKEN))),

            baseline("grpo", "group-standardised rewards, clipped loss, k3 in the loss", "arXiv 2402.03300; " + VERL,
                    grpo()),
            baseline("ppo", "a critic, GAE(1, 1), whitened, clipped loss, no penalty", "arXiv 1707.06347; " + VERL,
                    PolicyGradientSettings.ppo()),
            baseline("reinforce++", "returns to go, whitened over the rollout, k2 in the loss",
                    "arXiv 2501.03262; " + VERL,
                    grpo(KlEstimate.K2).withEstimator(new Estimator.ReturnsToGo(1, true))),
            new Algorithm(Kind.BASELINE, "dapo",
                    "GRPO with a higher upper clip and groups of different rewards alone, no penalty",
                    "arXiv 2503.14476; verl recipe/dapo", _ -> free().named("dapo")
                            .withLoss(ClippedLoss.defaults().withClipHigh(CLIP_HIGH))),
            baseline("dr-grpo", "rewards less the group's mean, sums over the length limit, no penalty",
                    "arXiv 2503.20783", free().withAdvantages(Advantages.GROUP_MEAN)
                            .withAggregation(new Aggregation.SeqMeanTokenSumNorm(0, true))),
            baseline("rloo", "rewards less the mean of the group's others", "arXiv 2402.14740; " + VERL,
                    grpo().withAdvantages(Advantages.LEAVE_ONE_OUT)),
            baseline("gspo", "GRPO with the clipped ratio of whole responses", "arXiv 2507.18071; " + VERL,
                    free().withLoss(PolicyLoss.Gspo.defaults()).withAggregation(
                            new Aggregation.SeqMeanTokenMean(Aggregation.SeqMeanTokenMean.COUNT_EPSILON))),
            baseline("cispo", "REINFORCE with clipped ratios as weights, group-standardised",
                    "arXiv 2506.13585; " + VERL, free().withLoss(
                            new PolicyLoss.Cispo(CLIP_LOW, CLIP_HIGH, ClippedLoss.MAX_LOG_RATIO))),
            baseline("reinforce", "rewards less the group's mean, no clip", "Williams 1992",
                    free().withAdvantages(Advantages.GROUP_MEAN).withLoss(new PolicyLoss.Reinforce())),
            baseline("reinforce++-baseline", "rewards less the group's mean, whitened over the rollout, k2 in the loss",
                    "arXiv 2501.03262; " + VERL,
                    grpo(KlEstimate.K2).withEstimator(new Estimator.Outcome(Advantages.GROUP_MEAN, true))),
            baseline("grpo-k1", "GRPO with k1 in the loss, whose gradient has mean 0", VERL, grpo(KlEstimate.K1)),
            baseline("grpo-k2", "GRPO with k2 in the loss", VERL, grpo(KlEstimate.K2)),
            baseline("grpo-abs", "GRPO with |log-ratio| in the loss", VERL, grpo(KlEstimate.ABS)),
            baseline("grpo-kl-reward", "GRPO with k1 in the reward", VERL,
                    grpo().withPenalty(ReferencePenalty.inReward(ReferencePenalty.COEFFICIENT))),
            baseline("grpo-best", "GRPO for pass@k: the lead of the best response alone", "arXiv 2503.19595; " + VERL,
                    grpo().withAdvantages(Advantages.BEST)),

            ablation("flowrl-unweighted", "no importance weight", base -> base.withWeight(new Weight.One())),
            ablation("flowrl-weight-clip", "weight 0.8 … 1.2", base -> base.withWeight(new Weight.Clip(0.8, 1.2))),
            ablation("flowrl-weight-max", "weight min(W, 10)", base -> base.withWeight(new Weight.Max(10))),
            ablation("flowrl-weight-unbounded", "weight W", base -> base.withWeight(Weight.unbounded())),
            ablation("flowrl-no-length-norm", "log-probabilities are summed; the same optimum needs beta times T",
                    base -> base.withLengthNormalised(false)),
            ablation("flowrl-beta-5", "a third of beta", base -> base.withBeta(base.beta() * 5 / 15)),
            ablation("flowrl-beta-10", "two thirds of beta", base -> base.withBeta(base.beta() * 10 / 15)),
            ablation("flowrl-beta-15", "beta as it is", base -> base),
            ablation("flowrl-beta-30", "twice beta", base -> base.withBeta(base.beta() * 30 / 15)),
            ablation("flowrl-z-learned", "log Z from the net", base -> base),
            ablation("flowrl-z-group-mean", "log Z from the group",
                    base -> base.withLogZ(new LogZSettings.GroupMean())),
            ablation("flowrl-z-zero", "no log Z", base -> base.withLogZ(new LogZSettings.Zero())),
            ablation("flowrl-z-constant", "log Z 0.5 for every prompt",
                    base -> base.withLogZ(new LogZSettings.Constant(CONSTANT_LOG_Z))),
            ablation("flowrl-z-noise", "log Z drawn from N(0.5, 1)", base -> base.withLogZ(
                    new LogZSettings.Noise(LogZSettings.Noise.MEAN, LogZSettings.Noise.DEVIATION))),
            ablation("flowrl-detached", "log Z does not reach the policy's trunk", base -> base.withDetached(true)),
            ablation("flowrl-dropout", "dropout 0.1 in the log Z net",
                    base -> base.withDropout(LogZSettings.Learned.DROPOUT)),
            ablation("flowrl-group-std", "rewards standardised within the group",
                    base -> base.withReward(Advantages.GROUP_STD)));

    /// Every name that {@link #named} knows.
    public static final List<String> NAMES = ALL.stream().map(Algorithm::name).toList();

    private Algorithms() {
    }

    /// What an algorithm is to this project.
    public enum Kind {
        /// FlowRL and its versions.
        FLOWRL("FlowRL"),
        /// What FlowRL is held against.
        BASELINE("baselines"),
        /// FlowRL with one part changed.
        ABLATION("ablations");

        private final String heading;

        Kind(String heading) {
            this.heading = heading;
        }

        /// What lists call it.
        public String heading() {
            return heading;
        }

        /// Its algorithms, the best known first.
        public List<Algorithm> algorithms() {
            return ALL.stream().filter(algorithm -> algorithm.kind() == this).toList();
        }

        private String named() {
            return heading + " " + algorithms().stream().map(Algorithm::name).collect(Collectors.joining(", "));
        }
    }

    /// An algorithm or an ablation.
    ///
    /// @param kind what it is to this project
    /// @param name for options, folders and tables
    /// @param summary what it is, in a line
    /// @param source where it was published
    /// @param make its settings from FlowRL's; baselines take nothing of these
    public record Algorithm(Kind kind, String name, String summary, String source,
            Function<Base, ObjectiveSettings> make) {
    }

    /// FlowRL's settings that a version or an ablation changes.
    ///
    /// @param settings of the recipe, or of a task
    /// @param isPublished true where a version may set β to the value it was published with
    public record Base(FlowRlSettings settings, boolean isPublished) {
    }

    /// The algorithm of this name.
    ///
    /// @throws IllegalArgumentException where the name is none of {@link #NAMES}
    public static Algorithm algorithm(String name) {
        return ALL.stream().filter(algorithm -> algorithm.name().equals(name)).findFirst().orElseThrow(() ->
                new IllegalArgumentException(UnknownName.message("algorithm", name, UnknownName.nearest(name, NAMES),
                        Arrays.stream(Kind.values()).map(Kind::named).collect(Collectors.joining("; ")))));
    }

    /// The settings that were published under this name.
    ///
    /// @throws IllegalArgumentException where the name is none of {@link #NAMES}
    public static ObjectiveSettings named(String name) {
        return algorithm(name).make().apply(new Base(FlowRlSettings.recipe202512(), true));
    }

    /// The settings of this name for a task that pays raw rewards: FlowRL's take the reward as it is, with this β (or
    /// its share, in the ablations of β) and without dropout; baselines are as {@link #named}.
    ///
    /// @param beta nats per token and unit of reward; tokens · β · range of rewards of 6 to 10 nats is what small
    ///     models follow
    public static ObjectiveSettings onTask(String name, double beta) {
        FlowRlSettings onTask = FlowRlSettings.recipe202512().withBeta(beta).withRawReward().withDropout(0);
        return algorithm(name).make().apply(new Base(onTask, false));
    }

    /// A task's configuration with this algorithm: its objective, and for `dapo` its sampling, which draws prompts up
    /// to ten times for groups of different rewards. DAPO's penalty for length depends on how long a task's answers are
    /// and stays as the configuration has it (`rollout.overlong`).
    ///
    /// @param base of the task
    /// @param beta as in {@link #onTask}
    public static TrainConfig apply(String name, TrainConfig base, double beta) {
        TrainConfig config = base.withObjective(onTask(name, beta));
        return name.equals("dapo") ? config.withRollout(base.rollout().withMaxGenerations(DAPO_GENERATIONS)) : config;
    }

    private static Algorithm flowRl(String name, String summary, String source,
            Function<FlowRlSettings, FlowRlSettings> change) {
        return flowRl(Kind.FLOWRL, name, summary, source, change);
    }

    private static Algorithm flowRl(Kind kind, String name, String summary, String source,
            Function<FlowRlSettings, FlowRlSettings> change) {
        return new Algorithm(kind, name, summary, source, base -> {
            FlowRlSettings changed = change.apply(base.settings());
            return name.equals("flowrl") ? changed : changed.named(name);
        });
    }

    private static Algorithm ablation(String name, String summary, Function<FlowRlSettings, FlowRlSettings> change) {
        return flowRl(Kind.ABLATION, name, summary, PAPER + ", tables 3 and 10 to 12; arXiv 2607.13394", change);
    }

    private static Algorithm baseline(String name, String summary, String source, PolicyGradientSettings settings) {
        return new Algorithm(Kind.BASELINE, name, summary, source, _ -> settings.named(name));
    }

    private static PolicyGradientSettings grpo() {
        return PolicyGradientSettings.grpo();
    }

    private static PolicyGradientSettings grpo(KlEstimate estimate) {
        return grpo().withPenalty(ReferencePenalty.inLoss(estimate, ReferencePenalty.COEFFICIENT));
    }

    /// GRPO without a penalty.
    private static PolicyGradientSettings free() {
        return grpo().withPenalty(ReferencePenalty.none());
    }

    private static LogZSettings reading(FlowRlSettings base, PromptStates states) {
        return base.logZ() instanceof LogZSettings.Learned net ? new LogZSettings.Learned(states, net.detached(),
                net.depth(), net.dropout(), net.learningRateFactor()) : base.logZ();
    }
}
