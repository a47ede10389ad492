package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.rl.Batch;

/// How losses of tokens become one number. Denominators are counted over the whole mini-batch, so the parts of its
/// batches add up to its loss however it is cut. Source: verl `core_algos.py`, `agg_loss`.
public enum Aggregation {
    /// The mean over all response tokens of the mini-batch: Σ loss / tokens.
    @JsonProperty("token_mean")
    TOKEN_MEAN {
        @Override
        public Var apply(Var perToken, Batch batch) {
            return Pointwise.scale(Reductions.sum(perToken), 1.0 / batch.miniBatchTokens());
        }
    };

    /// This batch's part of the mini-batch's loss, [1].
    ///
    /// @param perToken loss of each response token of `batch`, [R]
    public abstract Var apply(Var perToken, Batch batch);
}
