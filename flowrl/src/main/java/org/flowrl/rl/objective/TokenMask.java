package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Arrays;
import java.util.Optional;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.rl.Batch;
import org.flowrl.tensor.Tensor;

/// Which tokens of a response FlowRL's sums and counts go over.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = TokenMask.All.class, name = "all"),
    @JsonSubTypes.Type(value = TokenMask.Cispo.class, name = "cispo")
})
public sealed interface TokenMask {
    /// The tokens of a batch that count.
    ///
    /// @param logProbs log π_θ of each response token, `[R]`
    Kept keep(Var logProbs, Batch batch);

    /// Tokens that count.
    ///
    /// @param mask 1 for each of them and 0 for the others, `[R]`; empty where all count
    /// @param lengths how many each response has
    /// @param batch the responses
    record Kept(Optional<Var> mask, double[] lengths, Batch batch) {
        /// Σ_t x_t over each response's tokens, [B].
        Var sum(Var x) {
            return Rows.segmentSum(mask.isEmpty() ? x : Pointwise.multiply(mask.get(), x), batch.starts());
        }

        /// Each response's number of tokens + epsilon, of the type of `like`, [B].
        Var counts(double epsilon, Var like) {
            Tape tape = like.tape();
            double[] counts = Arrays.stream(lengths).map(length -> length + epsilon).toArray();
            Tensor values = tape.allocate(like.value().dtype(), counts.length);
            tape.backend().elementwise().convert(tape.scope().of(counts, counts.length), values);
            return tape.constant(values);
        }
    }

    /// Every token.
    record All() implements TokenMask {
        @Override
        public Kept keep(Var logProbs, Batch batch) {
            return new Kept(Optional.empty(), Arrays.stream(batch.lengths()).asDoubleStream().toArray(), batch);
        }
    }

    /// Every token but those that have moved far enough already: with ρ = π_θ / π_old, those of A > 0 and ρ > 1 +
    /// clipHigh and those of A < 0 and ρ < 1 − clipLow. Source: volcengine/verl @ 4bf4bd32d `recipe/flowrl`.
    ///
    /// @param clipLow in (0, 1)
    /// @param clipHigh above 0
    record Cispo(double clipLow, double clipHigh) implements TokenMask {
        public Cispo {
            PolicyLoss.requireClip("flowrl: tokenMask cispo", clipLow, clipHigh, 1);
        }

        @Override
        public Kept keep(Var logProbs, Batch batch) {
            double[] current = logProbs.value().toDoubles();
            double[] old = batch.oldLogProbs().toDoubles();
            double[] advantages = batch.advantages().toDoubles();
            double[] kept = new double[current.length];
            double[] lengths = new double[batch.rows()];
            int at = 0;
            for (int i = 0; i < lengths.length; i++) {
                for (int t = 0; t < batch.lengths()[i]; t++, at++) {
                    double logRatio = current[at] - old[at];
                    boolean isDone = advantages[at] > 0 && logRatio > StrictMath.log(1 + clipHigh)
                            || advantages[at] < 0 && logRatio < StrictMath.log(1 - clipLow);
                    kept[at] = isDone ? 0 : 1;
                    lengths[i] += kept[at];
                }
            }
            Tape tape = logProbs.tape();
            Tensor mask = tape.like(logProbs.value());
            tape.backend().elementwise().convert(tape.scope().of(kept, kept.length), mask);
            return new Kept(Optional.of(tape.constant(mask)), lengths, batch);
        }
    }
}
