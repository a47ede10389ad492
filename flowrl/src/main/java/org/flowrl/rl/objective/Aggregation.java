package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Arrays;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.rl.Batch;
import org.flowrl.tensor.Tensor;

/// How losses l_it of tokens t = 1 … T_i of responses i = 1 … B become one number. B, the number of tokens and the
/// length limit are those of the whole mini-batch, so the parts of its batches add up to its loss however it is cut.
///
/// ```
/// token_mean                Σ l_it / (Σ T_i + countEpsilon)
/// seq_mean_token_sum        (1 / B) · Σ_i Σ_t l_it
/// seq_mean_token_mean       (1 / B) · Σ_i (Σ_t l_it) / (T_i + countEpsilon)
/// seq_mean_token_sum_norm   (1 / B) · Σ_i Σ_t l_it / L                          L the length limit
/// ```
/// Source: verl `core_algos.py`, `agg_loss` @ b178a3cd.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Aggregation.TokenMean.class, name = "token_mean"),
    @JsonSubTypes.Type(value = Aggregation.SeqMeanTokenSum.class, name = "seq_mean_token_sum"),
    @JsonSubTypes.Type(value = Aggregation.SeqMeanTokenMean.class, name = "seq_mean_token_mean"),
    @JsonSubTypes.Type(value = Aggregation.SeqMeanTokenSumNorm.class, name = "seq_mean_token_sum_norm")
})
public sealed interface Aggregation {
    /// The mean over all response tokens, counted exactly.
    TokenMean TOKEN_MEAN = new TokenMean(0);

    /// This batch's part of the mini-batch's loss, [1].
    ///
    /// @param perToken loss of each response token of `batch`, `[R]`
    Var apply(Var perToken, Batch batch);

    /// Every token counts equally.
    ///
    /// @param countEpsilon added to the number of tokens; 1e-8 in verl 0.4.0 and 0 since
    record TokenMean(double countEpsilon) implements Aggregation {
        @Override
        public Var apply(Var perToken, Batch batch) {
            return Pointwise.scale(Reductions.sum(perToken), 1 / (batch.miniBatchTokens() + countEpsilon));
        }
    }

    /// Every response counts by its length.
    record SeqMeanTokenSum() implements Aggregation {
        @Override
        public Var apply(Var perToken, Batch batch) {
            return Pointwise.scale(Reductions.sum(perToken), 1.0 / batch.miniBatchRows());
        }
    }

    /// Every response counts equally, as GRPO's paper has it.
    ///
    /// @param countEpsilon added to a response's number of tokens
    record SeqMeanTokenMean(double countEpsilon) implements Aggregation {
        /// verl's.
        public static final double COUNT_EPSILON = 1e-8;

        @Override
        public Var apply(Var perToken, Batch batch) {
            Tape tape = perToken.tape();
            double[] factors = Arrays.stream(batch.lengths()).mapToDouble(length -> 1 / (length + countEpsilon))
                    .toArray();
            Tensor inverse = tape.allocate(perToken.value().dtype(), factors.length);
            tape.backend().elementwise().convert(tape.scope().of(factors, factors.length), inverse);
            Var means = Pointwise.multiply(Rows.segmentSum(perToken, batch.starts()), tape.constant(inverse));
            return Pointwise.scale(Reductions.sum(means), 1.0 / batch.miniBatchRows());
        }
    }

    /// Every token counts equally and a constant divides, so that a response's length does not change what one of its
    /// tokens weighs (Dr.GRPO, arXiv 2503.20783).
    ///
    /// @param maxTokens L; 0 for the length limit of the task's answers
    /// @param overResponses true where the number of responses divides too, as in the paper; false as in verl, where
    ///     the loss grows with the mini-batch
    record SeqMeanTokenSumNorm(int maxTokens, boolean overResponses) implements Aggregation {
        public SeqMeanTokenSumNorm {
            if (maxTokens < 0) {
                throw new IllegalArgumentException("aggregation seq_mean_token_sum_norm: maxTokens " + maxTokens
                        + " must be 0 or more");
            }
        }

        @Override
        public Var apply(Var perToken, Batch batch) {
            double limit = maxTokens == 0 ? batch.maxTokens() : maxTokens;
            return Pointwise.scale(Reductions.sum(perToken),
                    1 / (limit * (overResponses ? batch.miniBatchRows() : 1)));
        }
    }
}
