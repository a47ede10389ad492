package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.flowrl.rl.Batch;
import org.flowrl.rl.objective.Variations.Anchor;
import org.flowrl.rl.objective.Variations.Level;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// What later versions change, by their formulas in plain arithmetic.
class VariationsTest {
    private static final Offset<Double> ROUNDING = within(1e-10);
    /// Log-ratios to the sampler: 1, 0, −1 in the good response, −0.1, 0.5 in the bad one.
    private static final Bench.Responses CASE = new Bench.Responses(
            new double[][] {{-0.5, -1.25, -2.75}, {-2, -0.25}}, new double[][] {{-1.5, -1.25, -1.75}, {-1.9, -0.75}},
            new double[][] {{-0.6, -1.5, -0.25}, {-1.5, -0.5}}, new double[][] {{0.75, 0.75, 0.75}, {-0.5, -0.5}});
    private static final double[] LOG_Z = {0.7, -0.4};
    private static final FlowRlSettings BASE = new FlowRlSettings("test", 2, new Weight.One(), Advantages.RAW,
            new LogZSettings.Zero(), true, 0, Variations.none());

    @Test
    void cispoLeavesOutGoodTokensThatRoseAndBadTokensThatFell() {
        // Of the good response only the first token is above ln 1.28; of the bad one none is below ln 0.8.
        double first = 0.7 + (-1.25 - 2.75 + 1.5 + 0.25) / 2 - 2 * 0.75;
        double second = residual(1);
        FlowRlSettings settings = BASE.withWeight(Weight.unbounded())
                .withVariations(Variations.none().withTokenMask(new TokenMask.Cispo(0.2, 0.28)));
        double expected = (Math.exp(-1) * first * first + Math.exp(0.4) * second * second) / 2;
        Bench.Outcome outcome = run(settings, CASE);
        assertThat(outcome.loss()).isCloseTo(expected, ROUNDING);
        assertThat(outcome.inputs().getFirst()[0]).isZero();
        assertThat(outcome.inputs().getFirst()[1]).isCloseTo(Math.exp(-1) * first / 2, ROUNDING);
    }

    /// Mean log-ratios 0 and 0.2: clipped at ln 1.1 = 0.0953 the bad response has no gradient left; where GSPO decides,
    /// a bad response that rose keeps it.
    @Test
    void aClipOfTheSequenceTakesTheGradientBeyondItsBounds() {
        Variations clamp = Variations.none().withSequenceClip(new SequenceClip.Clamp(0.1, 0.1));
        Variations gspo = Variations.none().withSequenceClip(new SequenceClip.Gspo(0.1, 0.1));
        double clipped = residual(1) - 0.2 + Math.log(1.1);
        Bench.Outcome outcome = run(BASE.withVariations(clamp), CASE);
        assertThat(outcome.loss()).isCloseTo((residual(0) * residual(0) + clipped * clipped) / 2, ROUNDING);
        assertThat(Arrays.copyOfRange(outcome.inputs().getFirst(), 3, 5)).matches(Bench::isZero);
        assertThat(Arrays.copyOf(outcome.inputs().getFirst(), 3)).matches(Bench::hasNoZero);
        assertSame(run(BASE.withVariations(gspo), CASE), run(BASE, CASE));
        Bench.Responses good = CASE.withAdvantages(new double[][] {{0.75, 0.75, 0.75}, {0.5, 0.5}});
        assertSame(run(BASE.withVariations(gspo), good), run(BASE.withVariations(clamp), good));
    }

    /// With old log-probabilities 0.3 higher the bad response has a mean log-ratio of −0.1, which is below ln 0.95:
    /// GSPO's loss is clipped where the response is bad, and where it is good it is not.
    @Test
    void aBadResponseThatFellIsClippedAndAGoodOneIsNot() {
        Bench.Responses fell = new Bench.Responses(CASE.logProbs(), new double[][] {CASE.old()[0], {-1.6, -0.45}},
                CASE.reference(), CASE.advantages());
        assertThat(mean(fell.logProbs()[1]) - mean(fell.old()[1])).isCloseTo(-0.1, ROUNDING);
        FlowRlSettings gspo = BASE.withVariations(Variations.none().withSequenceClip(new SequenceClip.Gspo(0.05, 0.1)));
        FlowRlSettings clamp = BASE.withVariations(Variations.none()
                .withSequenceClip(new SequenceClip.Clamp(0.05, 0.1)));
        assertSame(run(gspo, fell), run(clamp, fell));
        Bench.Responses good = fell.withAdvantages(new double[][] {{0.75, 0.75, 0.75}, {0.5, 0.5}});
        assertSame(run(gspo, good), run(BASE, good));
    }

    /// A token with an advantage of 0 is neither good nor bad, however far it rose or fell.
    @Test
    void cispoKeepsTokensWithoutAnAdvantage() {
        Bench.Responses even = CASE.withAdvantages(new double[][] {{0, 0, 0}, {0, 0}});
        assertSame(run(BASE.withVariations(Variations.none().withTokenMask(new TokenMask.Cispo(0.05, 0.05))), even),
                run(BASE, even));
    }

    /// gap = log Z + ℓold − β R − ℓref.
    @Test
    void aClippedGapHoldsTheResidualAndLeavesTheGradientOfTheRest() {
        double[] gaps = {residual(0), residual(1) - 0.2};
        FlowRlSettings settings = BASE.withVariations(Variations.none().withGapClip(new GapClip(-0.5, 0.1)));
        double first = Math.min(Math.max(gaps[0], -1), 0.2);
        double second = Math.min(Math.max(gaps[1], -1), 0.2) + 0.2;
        assertThat(gaps[0]).isLessThan(-1);
        assertThat(gaps[1]).isGreaterThan(0.2);
        Bench.Outcome outcome = run(settings, CASE);
        assertThat(outcome.loss()).isCloseTo((first * first + second * second) / 2, ROUNDING);
        assertThat(outcome.inputs().getFirst()).containsExactly(
                new double[] {first / 3, first / 3, first / 3, second / 2, second / 2}, ROUNDING);
        assertSame(run(BASE.withVariations(Variations.none().withGapClip(new GapClip(-1e6, 1e6))), CASE),
                run(BASE, CASE));
    }

    @Test
    void theAnchorIsWhatLogProbabilitiesAreComparedWith() {
        double old = 0.7 + 0 - 1.5;
        double oldSecond = -0.4 + 0.2 + 1;
        assertThat(run(BASE.withVariations(Variations.none().withAnchor(Anchor.OLD)), CASE).loss())
                .isCloseTo((old * old + oldSecond * oldSecond) / 2, ROUNDING);
        double none = 0.7 - 1.5 - 1.5;
        double noneSecond = -0.4 - 1.125 + 1;
        assertThat(run(BASE.withVariations(Variations.none().withAnchor(Anchor.NONE)), CASE).loss())
                .isCloseTo((none * none + noneSecond * noneSecond) / 2, ROUNDING);
    }

    /// Weights e^1, 1, e^−1, e^−0.1, e^0.5, clipped to 0.8 … 1.28.
    @Test
    void residualsOfTokensHaveTheirOwnWeights() {
        FlowRlSettings settings = BASE.withWeight(new Weight.Clip(0.8, 1.28)).withVariations(
                Variations.none().withAnchor(Anchor.NONE).withLevel(Level.TOKEN));
        double[] residuals = {0.7 - 0.5 - 1.5, 0.7 - 1.25 - 1.5, 0.7 - 2.75 - 1.5, -0.4 - 2 + 1, -0.4 - 0.25 + 1};
        double[] weights = {1.28, 1, 0.8, Math.exp(-0.1), 1.28};
        double loss = 0;
        double[] gradient = new double[5];
        for (int i = 0; i < 5; i++) {
            loss += weights[i] * residuals[i] * residuals[i] / 5;
            gradient[i] = 2 * weights[i] * residuals[i] / 5;
        }
        Bench.Outcome outcome = run(settings, CASE);
        assertThat(outcome.loss()).isCloseTo(loss, ROUNDING);
        assertThat(outcome.inputs().getFirst()).containsExactly(gradient, ROUNDING);
    }

    @Test
    void theSamplerCapWeighsByTheMismatchAndIsExactly1WithoutOne() {
        FlowRlSettings capped = BASE.withVariations(Variations.none().withSamplerCap(2));
        assertThat(run(capped, CASE).loss()).isEqualTo(run(BASE, CASE).loss());
        // log π_old − log π_sampler: −0.3 in all for the first response, 5 for the second.
        double[][] sampler = {{-1.4, -1.05, -1.75}, {-3.9, -3.75}};
        double expected = (Math.exp(-0.3) * residual(0) * residual(0) + 2 * residual(1) * residual(1)) / 2;
        try (Bench bench = new Bench(DType.F64)) {
            Batch plain = bench.batch(CASE);
            Batch batch = new Batch(plain.starts(), plain.lengths(), plain.rowIds(),
                    new Batch.Scores(plain.oldLogProbs(), bench.packed(sampler), plain.referenceLogProbs(), null),
                    plain.aims(), 2, 5, Bench.MAX_TOKENS, plain.key());
            double loss = bench.run((tape, in) -> FlowRl.terms(capped, in.get(0), in.get(1), batch).loss(),
                    bench.packed(CASE.logProbs()), bench.tensor(LOG_Z, 2)).loss();
            assertThat(loss).isCloseTo(expected, ROUNDING);
        }
    }

    /// Checklist point 11: the released code gives a micro-batch of b rows (9 / B) · (mean over its b rows), B being
    /// the rows of the mini-batch, where (b / B) · (that mean) is meant. A mini-batch cut into 1 and 3 rows thus weighs
    /// the first row three times as much as any other.
    @Test
    void theReleasedCodesMicroBatchesWeighTheSameHoweverManyRowsTheyHold() {
        Bench.Responses all = Bench.Responses.random(9, 7, 2, 3, 2);
        FlowRlSettings right = FlowRlSettings.released202509();
        FlowRlSettings defect = right.withVariations(Variations.none().withEqualMicroBatchWeight());
        for (int[] part : new int[][] {{0, 1}, {1, 4}}) {
            int rows = part[1] - part[0];
            double[] meant = gradient(right, all, part);
            double[] released = gradient(defect, all, part);
            assertThat(released).containsExactly(Arrays.stream(meant).map(x -> x * 9 / rows).toArray(),
                    within(1e-9));
            assertThat(released).isNotEqualTo(meant);
        }
    }

    private static double[] gradient(FlowRlSettings settings, Bench.Responses all, int[] part) {
        Bench.Responses own = all.slice(part[0], part[1]);
        try (Bench bench = new Bench(DType.F64)) {
            Batch batch = bench.batch(own, part[0], 4, 14);
            return bench.run((tape, in) -> FlowRl.terms(settings, in.get(0), in.get(1), batch).loss(),
                    bench.packed(own.logProbs()), bench.tensor(new double[own.rows()], own.rows())).inputs()
                    .getFirst();
        }
    }

    @Test
    void impossibleVariationsAreRefused() {
        Map<String, Runnable> wrong = Map.of(
                "flowrl: samplerCap 0.5 must be 0", () -> Variations.none().withSamplerCap(0.5),
                "flowrl: policyTerm 1.0 must be in [0, 1)", () -> Variations.none().withPolicyTerm(1),
                "flowrl: level token goes with none of", () -> Variations.none().withLevel(Level.TOKEN)
                        .withTokenMask(new TokenMask.Cispo(0.2, 0.2)),
                "flowrl: gapClip low 0.5 must be below 0", () -> new GapClip(0.5, 1));
        wrong.forEach((message, action) -> assertThatThrownBy(action::run)
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith(message));
    }

    /// log Z + ℓ − β R − ℓref.
    private static double residual(int row) {
        return LOG_Z[row] + mean(CASE.logProbs()[row]) - 2 * CASE.advantages()[row][0] - mean(CASE.reference()[row]);
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private static void assertSame(Bench.Outcome actual, Bench.Outcome expected) {
        assertThat(actual.loss()).isCloseTo(expected.loss(), ROUNDING);
        assertThat(actual.inputs().getFirst()).containsExactly(expected.inputs().getFirst(), ROUNDING);
    }

    private static Bench.Outcome run(FlowRlSettings settings, Bench.Responses responses) {
        try (Bench bench = new Bench(DType.F64)) {
            Tensor logZ = bench.tensor(LOG_Z, 2);
            return bench.run((tape, in) -> FlowRl.terms(settings, in.get(0), in.get(1), bench.batch(responses)).loss(),
                    bench.packed(responses.logProbs()), logZ);
        }
    }
}
