package org.flowrl.rl.objective;

import java.util.List;
import java.util.Objects;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.objective.Objective.PromptStates;
import org.flowrl.tensor.UnknownName;

/// The settings of {@link FlowRl}. Three versions of it are public and disagree; each is here by name, and every
/// setting can be changed by itself.
///
/// | | `paper` | `released-2025-09` | `recipe-2025-12` |
/// |---|---|---|---|
/// | source | arXiv 2509.15207, Eq. 6, 7 | Xuekai-Zhu/FlowRL @ decbc57 | volcengine/verl @ f11af2d53 recipe/flowrl |
/// | weight | W clipped to [0.8, 1.2] | W | min(W, 10) |
/// | log Z reads | every prompt token | all but the last | all but the last |
///
/// The paper gives ε no number; 0.2 is the public code's unused setting.
///
/// @param variant the version that these settings started from
/// @param beta β, nats per token and unit of advantage; at least 0
/// @param weight of a response's squared residual, from its ratio to the sampling policy
/// @param reward how rewards become R
/// @param logZ where log Z comes from
/// @param lengthNormalised true where log-probabilities are means over a response's tokens, as all versions have it;
///     false where they are sums
/// @param countEpsilon added to a response's number of tokens where it divides, as the public code does
/// @param variations what later versions change
public record FlowRlSettings(String variant, double beta, Weight weight, Advantages reward, LogZSettings logZ,
        boolean lengthNormalised, double countEpsilon, Variations variations) implements ObjectiveSettings {
    /// Names of the public versions.
    public static final List<String> VARIANTS = List.of("paper", "released-2025-09", "recipe-2025-12");
    /// β of the paper and of every public version.
    public static final double BETA = 15;
    /// The public code's constant in masked means.
    public static final double COUNT_EPSILON = 1e-8;

    private static final double PAPER_EPSILON = 0.2;
    private static final double RECIPE_BOUND = 10;

    public FlowRlSettings {
        Objects.requireNonNull(variant, "variant");
        Objects.requireNonNull(weight, "weight");
        Objects.requireNonNull(reward, "reward");
        Objects.requireNonNull(logZ, "logZ");
        Objects.requireNonNull(variations, "variations");
        if (!(beta >= 0 && beta < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("flowrl: beta " + beta + " must be at least 0 and finite");
        }
        if (!(countEpsilon >= 0 && countEpsilon < 1)) {
            throw new IllegalArgumentException("flowrl: countEpsilon " + countEpsilon + " must be in [0, 1)");
        }
        if (variations.level() == Variations.Level.TOKEN && !lengthNormalised) {
            throw new IllegalArgumentException("flowrl: lengthNormalised false needs level response; level token has "
                    + "log-probabilities of single tokens");
        }
    }

    /// The loss as the paper prints it.
    public static FlowRlSettings paper() {
        return version("paper", new Weight.Clip(1 - PAPER_EPSILON, 1 + PAPER_EPSILON), PromptStates.ALL);
    }

    /// The loss of the first public code.
    public static FlowRlSettings released202509() {
        return version("released-2025-09", Weight.unbounded(), PromptStates.WITHOUT_LAST);
    }

    /// The loss of the recipe that verl took up.
    public static FlowRlSettings recipe202512() {
        return version("recipe-2025-12", new Weight.Max(RECIPE_BOUND), PromptStates.WITHOUT_LAST);
    }

    /// The version of this name.
    ///
    /// @throws IllegalArgumentException where the name is none of {@link #VARIANTS}
    public static FlowRlSettings variant(String name) {
        return switch (name) {
            case "paper" -> paper();
            case "released-2025-09" -> released202509();
            case "recipe-2025-12" -> recipe202512();
            default -> throw new IllegalArgumentException(
                    UnknownName.message("flowrl: variant", name, VARIANTS));
        };
    }

    /// These settings with another β.
    public FlowRlSettings withBeta(double value) {
        return new FlowRlSettings(variant, value, weight, reward, logZ, lengthNormalised, countEpsilon, variations);
    }

    /// These settings with another weight.
    public FlowRlSettings withWeight(Weight value) {
        return new FlowRlSettings(variant, beta, value, reward, logZ, lengthNormalised, countEpsilon, variations);
    }

    /// These settings with R made of rewards in another way.
    public FlowRlSettings withReward(Advantages value) {
        return new FlowRlSettings(variant, beta, weight, value, logZ, lengthNormalised, countEpsilon, variations);
    }

    /// These settings with the verifier's reward itself as R.
    public FlowRlSettings withRawReward() {
        return withReward(Advantages.RAW);
    }

    /// These settings with another log Z.
    public FlowRlSettings withLogZ(LogZSettings value) {
        return new FlowRlSettings(variant, beta, weight, reward, value, lengthNormalised, countEpsilon, variations);
    }

    /// These settings with another dropout in the log Z net.
    ///
    /// @throws IllegalStateException where log Z is not learned
    public FlowRlSettings withDropout(double dropout) {
        LogZSettings.Learned net = learned("dropout " + dropout);
        return withLogZ(new LogZSettings.Learned(net.promptStates(), net.detached(), net.depth(), dropout,
                net.learningRateFactor()));
    }

    /// These settings with mean (true) or summed (false) log-probabilities.
    public FlowRlSettings withLengthNormalised(boolean value) {
        return new FlowRlSettings(variant, beta, weight, reward, logZ, value, countEpsilon, variations);
    }

    /// These settings with a log Z net whose gradient stops at the prompt states (true) or not.
    ///
    /// @throws IllegalStateException where log Z is not learned
    public FlowRlSettings withDetached(boolean detached) {
        LogZSettings.Learned net = learned("detached " + detached);
        return withLogZ(new LogZSettings.Learned(net.promptStates(), detached, net.depth(), net.dropout(),
                net.learningRateFactor()));
    }

    private LogZSettings.Learned learned(String setting) {
        if (logZ instanceof LogZSettings.Learned net) {
            return net;
        }
        throw new IllegalStateException("flowrl: " + setting + " needs a learned log Z, not " + logZ);
    }

    /// These settings with what later versions change.
    public FlowRlSettings withVariations(Variations value) {
        return new FlowRlSettings(variant, beta, weight, reward, logZ, lengthNormalised, countEpsilon, value);
    }

    /// These settings under another name.
    public FlowRlSettings named(String name) {
        return new FlowRlSettings(name, beta, weight, reward, logZ, lengthNormalised, countEpsilon, variations);
    }

    /// True where all residuals are 0 at one policy, π_ref · exp(T · (β · R − log Z)), which is then the aim. Taken
    /// from the sampling policy, a residual vanishes nowhere: each rollout moves its own aim on, up to the best answers
    /// alone. Taken from nothing or of single tokens, its aim is none of whole answers.
    public boolean hasOptimum() {
        return variations.anchor() == Variations.Anchor.REFERENCE && variations.level() == Variations.Level.RESPONSE;
    }

    @Override
    public String algorithm() {
        return VARIANTS.contains(variant) ? "flowrl" : variant;
    }

    @Override
    public int minimumSamples() {
        return logZ instanceof LogZSettings.GroupMean ? 2 : reward.minimumSamples();
    }

    @Override
    public FlowRl create(Context context) {
        return switch (logZ) {
            case LogZSettings.GroupMean _, LogZSettings.Zero _, LogZSettings.Constant _, LogZSettings.Noise _ ->
                    new FlowRl(this, null);
            case LogZSettings.Learned learned -> {
                ParameterStore store = context.newStore();
                LogZ net = LogZ.declare(store.root().at("proj_z"), context.hiddenSize(), learned.depth(),
                        learned.dropout());
                store.allocate();
                store.initialize(context.key().fold("logZ"));
                yield new FlowRl(this, net);
            }
        };
    }

    private static FlowRlSettings version(String name, Weight weight, PromptStates promptStates) {
        return new FlowRlSettings(name, BETA, weight, Advantages.GROUP_STD, LogZSettings.learned(promptStates), true,
                COUNT_EPSILON, Variations.none());
    }
}
