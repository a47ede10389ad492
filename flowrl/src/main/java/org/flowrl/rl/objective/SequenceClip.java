package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.tensor.Tensor;

/// How far ℓ may leave ℓold within FlowRL's residual; beyond the bounds a response has no gradient.
///
/// Source: volcengine/verl @ 012150d66 `recipe/flowrl`.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = SequenceClip.None.class, name = "none"),
    @JsonSubTypes.Type(value = SequenceClip.Clamp.class, name = "clamp"),
    @JsonSubTypes.Type(value = SequenceClip.Gspo.class, name = "gspo")
})
public sealed interface SequenceClip {
    /// ℓ − ℓold as the residual sees it, `[B]`.
    ///
    /// @param moved ℓ − ℓold, `[B]`
    /// @param reward R, `[B]`
    Var apply(Var moved, Var reward);

    /// As far as it goes.
    record None() implements SequenceClip {
        @Override
        public Var apply(Var moved, Var reward) {
            return moved;
        }
    }

    /// ln(1 − clipLow) ≤ ℓ − ℓold ≤ ln(1 + clipHigh).
    ///
    /// @param clipLow in (0, 1)
    /// @param clipHigh above 0
    record Clamp(double clipLow, double clipHigh) implements SequenceClip {
        public Clamp {
            PolicyLoss.requireClip("flowrl: sequenceClip clamp", clipLow, clipHigh, 1);
        }

        @Override
        public Var apply(Var moved, Var reward) {
            return Pointwise.clamp(moved, StrictMath.log(1 - clipLow), StrictMath.log(1 + clipHigh));
        }
    }

    /// As {@link Clamp} for the responses of which GSPO's clipped loss is the larger: good ones that rose, bad ones
    /// that fell.
    /// ```
    /// −R · clamp(s, 1 − clipLow, 1 + clipHigh) > −R · s          with s = e^(ℓ − ℓold)
    /// ```
    ///
    /// @param clipLow in (0, 1)
    /// @param clipHigh above 0
    record Gspo(double clipLow, double clipHigh) implements SequenceClip {
        public Gspo {
            PolicyLoss.requireClip("flowrl: sequenceClip gspo", clipLow, clipHigh, 1);
        }

        @Override
        public Var apply(Var moved, Var reward) {
            double[] m = moved.value().toDoubles();
            double[] r = reward.value().toDoubles();
            double[] chosen = new double[m.length];
            for (int i = 0; i < m.length; i++) {
                boolean roseWhileGood = r[i] > 0 && m[i] > StrictMath.log(1 + clipHigh);
                boolean fellWhileBad = r[i] < 0 && m[i] < StrictMath.log(1 - clipLow);
                chosen[i] = roseWhileGood || fellWhileBad ? 1 : 0;
            }
            Tape tape = moved.tape();
            Tensor selected = tape.like(moved.value());
            tape.backend().elementwise().convert(tape.scope().of(chosen, chosen.length), selected);
            Var isChosen = tape.constant(selected);
            Var clamped = new Clamp(clipLow, clipHigh).apply(moved, reward);
            return Pointwise.add(Pointwise.multiply(isChosen, clamped),
                    Pointwise.multiply(Pointwise.affine(isChosen, -1, 1), moved));
        }
    }
}
