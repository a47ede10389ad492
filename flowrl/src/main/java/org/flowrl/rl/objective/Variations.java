package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Objects;

/// What later versions of FlowRL and its follow-ups change in the loss; {@link #none} is FlowRL itself.
///
/// | setting | published in | what it does |
/// |---|---|---|
/// | `anchor` | Xuekai-Zhu/verl_FlowRL, branch no-log-z | δ is taken from the sampling policy, or from nothing |
/// | `level` | the same branch | a squared residual for each token |
/// | `tokenMask` | verl recipe @ 4bf4bd32d (November 2025) | CISPO: tokens that moved far the good way are left out |
/// | `sequenceClip` | verl recipe @ 012150d66 (October 2025) | ℓ is clipped in δ, always or where GSPO's loss is |
/// | `gapClip` | GFlowRL, arXiv 2607.13394 | the part of δ that does not depend on θ is clipped |
/// | `samplerCap` | verl recipe @ 012150d66 | truncated importance sampling towards another sampling engine |
/// | `policyTerm` | FlowRL @ decbc57 `compute_ppo_style_tb_loss` | PPO's clipped loss of −δ is added |
/// | `equalMicroBatchWeight` | FlowRL @ decbc57, a defect | micro-batches weigh the same however many rows they hold |
///
/// @param anchor what the policy is compared with in δ
/// @param level what has a residual: a response, or a token
/// @param tokenMask which tokens count
/// @param sequenceClip of ℓ in δ
/// @param gapClip bounds on log Z + ℓold − β · R − ℓref
/// @param samplerCap C in the factor min(exp(Σ_t (log π_old − log π_sampler)), C) on the weight; 0 for none. Where
///     sampler and trainer give the same bits the factor is exactly 1
/// @param policyTerm ε of the clipped policy loss that is added; 0 for none
/// @param equalMicroBatchWeight true for the defect of the first public code, see {@link FlowRl}
public record Variations(Anchor anchor, Level level, TokenMask tokenMask, SequenceClip sequenceClip, GapClip gapClip,
        double samplerCap, double policyTerm, boolean equalMicroBatchWeight) {
    /// What log π_θ is compared with.
    public enum Anchor {
        /// The frozen reference.
        @JsonProperty("reference")
        REFERENCE,
        /// The policy before the updates.
        @JsonProperty("old")
        OLD,
        /// Nothing: log π_θ itself.
        @JsonProperty("none")
        NONE
    }

    /// What has a squared residual.
    public enum Level {
        /// A response.
        @JsonProperty("response")
        RESPONSE,
        /// A token: (log π_θ,t − anchor_t + log Z − β · A_t)², weighted by the token's own ratio, mean over tokens.
        @JsonProperty("token")
        TOKEN
    }

    public Variations {
        Objects.requireNonNull(anchor, "anchor");
        Objects.requireNonNull(level, "level");
        Objects.requireNonNull(tokenMask, "tokenMask");
        Objects.requireNonNull(sequenceClip, "sequenceClip");
        Objects.requireNonNull(gapClip, "gapClip");
        if (!(samplerCap == 0 || samplerCap >= 1 && samplerCap < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("flowrl: samplerCap " + samplerCap
                    + " must be 0 (off), or at least 1 and finite");
        }
        if (!(policyTerm >= 0 && policyTerm < 1)) {
            throw new IllegalArgumentException("flowrl: policyTerm " + policyTerm + " must be in [0, 1); 0 is off");
        }
        boolean isOfResponses = !(tokenMask instanceof TokenMask.All) || !(sequenceClip instanceof SequenceClip.None)
                || !gapClip.isOff() || samplerCap > 0 || policyTerm > 0 || equalMicroBatchWeight;
        if (level == Level.TOKEN && isOfResponses) {
            throw new IllegalArgumentException("flowrl: level token goes with none of tokenMask, sequenceClip, "
                    + "gapClip, samplerCap, policyTerm and equalMicroBatchWeight, which are of whole responses");
        }
    }

    /// FlowRL as published.
    public static Variations none() {
        return new Variations(Anchor.REFERENCE, Level.RESPONSE, new TokenMask.All(), new SequenceClip.None(),
                GapClip.OFF, 0, 0, false);
    }

    /// These with another anchor.
    public Variations withAnchor(Anchor value) {
        return new Variations(value, level, tokenMask, sequenceClip, gapClip, samplerCap, policyTerm,
                equalMicroBatchWeight);
    }

    /// These with residuals of tokens or of responses.
    public Variations withLevel(Level value) {
        return new Variations(anchor, value, tokenMask, sequenceClip, gapClip, samplerCap, policyTerm,
                equalMicroBatchWeight);
    }

    /// These with another token mask.
    public Variations withTokenMask(TokenMask value) {
        return new Variations(anchor, level, value, sequenceClip, gapClip, samplerCap, policyTerm,
                equalMicroBatchWeight);
    }

    /// These with another clip of ℓ.
    public Variations withSequenceClip(SequenceClip value) {
        return new Variations(anchor, level, tokenMask, value, gapClip, samplerCap, policyTerm, equalMicroBatchWeight);
    }

    /// These with other bounds on the gap.
    public Variations withGapClip(GapClip value) {
        return new Variations(anchor, level, tokenMask, sequenceClip, value, samplerCap, policyTerm,
                equalMicroBatchWeight);
    }

    /// These with truncated importance sampling.
    public Variations withSamplerCap(double value) {
        return new Variations(anchor, level, tokenMask, sequenceClip, gapClip, value, policyTerm,
                equalMicroBatchWeight);
    }

    /// These with a clipped policy loss beside the residual.
    public Variations withPolicyTerm(double value) {
        return new Variations(anchor, level, tokenMask, sequenceClip, gapClip, samplerCap, value,
                equalMicroBatchWeight);
    }

    /// These with the released code's weighing of micro-batches.
    public Variations withEqualMicroBatchWeight() {
        return new Variations(anchor, level, tokenMask, sequenceClip, gapClip, samplerCap, policyTerm, true);
    }
}
