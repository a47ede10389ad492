package org.flowrl.rl.report;

import java.util.List;
import java.util.Locale;

/// A metric that pictures show.
///
/// @param metric its name in the log
/// @param title as people say it
/// @param meaning one line, with the unit
/// @param decimals that a printed value has
public record Measure(String metric, String title, String meaning, int decimals) {
    /// Probability of a correct answer.
    public static final Measure ACCURACY = new Measure("exact/accuracy", "Accuracy",
            "probability that a sampled answer is correct", 3);
    /// Different correct answers that are alive.
    public static final Measure ALIVE = new Measure("exact/effective_modes", "Answers alive",
            "effective number of different correct answers per prompt: e to the entropy over them", 1);
    /// Distance to the optimum.
    public static final Measure KL_TO_OPTIMUM = new Measure("exact/kl_to_optimum", "KL to optimum",
            "how unlike FlowRL's optimum the correct answers are spread; nats, 0 is best", 3);
    /// Mean reward of samples.
    public static final Measure REWARD = new Measure("reward/mean", "Reward",
            "mean of the sampled responses", 3);
    /// Entropy of the next token.
    public static final Measure ENTROPY = new Measure("policy/entropy", "Entropy",
            "of the policy, nats per response token", 3);
    /// What FlowRL's log Z net says.
    public static final Measure LOG_Z = new Measure("flowrl/log_z", "log Z",
            "FlowRL's learned normaliser, nats per token", 3);

    /// Share of correct samples in an evaluation.
    public static final Measure SAMPLED_ACCURACY = new Measure("evaluation/accuracy", "Accuracy",
            "share of correct samples, on the same problems and draws for every policy", 3);
    /// Different correct solutions among the samples of a prompt in an evaluation.
    public static final Measure SOLUTIONS = new Measure("evaluation/distinct_solutions", "Solutions found",
            "different correct solutions among the samples of a prompt in an evaluation", 2);
    /// Share of correct samples of problems that are never trained on.
    public static final Measure HELD_OUT_ACCURACY = new Measure("held_out/accuracy", "Held-out accuracy",
            "the same on problems that are never trained on", 3);

    private static final List<Measure> TRAINING = List.of(
            new Measure("loss", "Loss", "of the objective, mean over a step's updates", 4),
            new Measure("policy/kl_to_reference", "KL to reference",
                    "sampled mean of log π − log π of the start, nats per token", 4),
            new Measure("policy/grad_norm", "Gradient norm", "before clipping, mean over a step's updates", 3),
            new Measure("ratio/max", "Largest importance ratio", "π / π of the sampler; 1 is on-policy", 3),
            new Measure("policy/clip_share", "Clipped tokens", "share of tokens whose clipped loss counts", 4),
            new Measure("ratio/clipped_share", "Ratios out of bounds", "share of importance ratios", 4),
            new Measure("value/loss", "Critic's loss", "mean over a step's updates, of rewards squared", 4),
            new Measure("value/explained_variance", "Explained variance",
                    "share of the variance of returns that the critic foresees; at most 1", 3),
            new Measure("response/length_mean", "Response length", "tokens, with the end token", 1),
            new Measure("response/truncated_share", "Cut responses", "share of responses cut at the length limit", 3),
            new Measure("verdict/unparsable_share", "Unparsable responses",
                    "share of responses in which no answer was found", 3),
            new Measure("groups/zero_variance_share", "Prompts without signal",
                    "share of prompts whose responses all earn the same", 3),
            new Measure("throughput/response_tokens_per_second", "Speed", "response tokens a second of a step", 0));

    private static final List<Measure> CURVES = List.of(REWARD, ACCURACY, ALIVE, KL_TO_OPTIMUM, ENTROPY, LOG_Z);
    private static final List<Measure> SAMPLED_CURVES = List.of(REWARD, SAMPLED_ACCURACY, SOLUTIONS,
            HELD_OUT_ACCURACY, ENTROPY, LOG_Z);
    private static final List<Measure> COLUMNS = List.of(ACCURACY, ALIVE, KL_TO_OPTIMUM, ENTROPY);
    private static final List<Measure> SAMPLED_COLUMNS = List.of(REWARD, SAMPLED_ACCURACY, SOLUTIONS,
            HELD_OUT_ACCURACY, ENTROPY);

    /// The curves of a page, in their order.
    ///
    /// @param exact true where the task's answers can be listed
    public static List<Measure> curves(boolean exact) {
        return exact ? CURVES : SAMPLED_CURVES;
    }

    /// What shows whether training is sound, in the order of a page.
    public static List<Measure> training() {
        return TRAINING;
    }

    /// The columns of a table, in their order.
    ///
    /// @param exact true where the task's answers can be listed
    public static List<Measure> columns(boolean exact) {
        return exact ? COLUMNS : SAMPLED_COLUMNS;
    }

    /// A value as text; what rounds to zero has no sign.
    public String text(double value) {
        String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
        return text.matches("-[0.]+") ? text.substring(1) : text;
    }
}
