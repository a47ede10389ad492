package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;
import org.flowrl.rl.objective.Bench.Responses;

/// The losses in plain numbers, written from their formulas: of log-probabilities x, with every part whose gradient is
/// stopped read at other ones, x0. At x = x0 it is the loss, and its derivative towards x at fixed x0 is what stopping
/// a gradient means.
///
/// @param responses old and reference log-probabilities and advantages; its log-probabilities are x0
/// @param sampler log-probabilities of the sampling engine, [response][token]
record Surrogate(Responses responses, double[][] sampler) {
    private int rows() {
        return responses.rows();
    }

    private double[][] at0() {
        return responses.logProbs();
    }

    /// The rows that `flat`, all tokens one after the other, is made of.
    private double[][] unpacked(double[] flat) {
        double[][] rows = new double[rows()][];
        int at = 0;
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(flat, at, at += responses.lengths()[i]);
        }
        return rows;
    }

    /// A policy gradient with its penalty in the loss.
    double policyGradient(PolicyGradientSettings settings, double[] flat, double[] entropies) {
        double[][] x = unpacked(flat);
        double[][] h = unpacked(entropies);
        double[][] perToken = new double[rows()][];
        for (int i = 0; i < perToken.length; i++) {
            perToken[i] = new double[x[i].length];
            for (int t = 0; t < x[i].length; t++) {
                perToken[i][t] = token(settings.loss(), i, t, x[i][t])
                        + settings.penalty().coefficient() * divergence(settings.penalty().estimate(),
                                responses.reference()[i][t] - x[i][t])
                        - settings.entropyCoefficient() * h[i][t];
            }
        }
        return aggregate(settings.aggregation(), perToken);
    }

    private double token(PolicyLoss loss, int i, int t, double x) {
        double old = responses.old()[i][t];
        double a = responses.advantages()[i][t];
        return switch (loss) {
            case ClippedLoss c -> {
                double larger = larger(a, Math.exp(Math.clamp(x - old, -c.maxLogRatio(), c.maxLogRatio())), c.clipLow(),
                        c.clipHigh());
                yield a < 0 ? Math.min(larger, -a * c.dualClip()) : larger;
            }
            case PolicyLoss.Gspo g -> {
                double s = sum(i, k -> at0()[i][k] - responses.old()[i][k]) / at0()[i].length;
                yield larger(a, Math.exp(Math.min(s + x - at0()[i][t], g.maxLogRatio())), g.clipLow(), g.clipHigh());
            }
            case PolicyLoss.Cispo c -> -a * x * Math.clamp(Math.exp(Math.clamp(at0()[i][t] - old, -c.maxLogRatio(),
                    c.maxLogRatio())), 1 - c.clipLow(), 1 + c.clipHigh());
            case PolicyLoss.Reinforce _ -> -a * x;
        };
    }

    private static double larger(double a, double ratio, double low, double high) {
        return Math.max(-a * ratio, -a * Math.clamp(ratio, 1 - low, 1 + high));
    }

    private static double divergence(KlEstimate estimate, double q) {
        return switch (estimate) {
            case K1 -> -q;
            case ABS -> Math.abs(q);
            case K2 -> q * q / 2;
            case K3 -> Math.exp(q) - q - 1;
        };
    }

    private double aggregate(Aggregation aggregation, double[][] perToken) {
        double all = Arrays.stream(perToken).flatMapToDouble(Arrays::stream).sum();
        long tokens = Arrays.stream(responses.lengths()).sum();
        return switch (aggregation) {
            case Aggregation.TokenMean mean -> all / (tokens + mean.countEpsilon());
            case Aggregation.SeqMeanTokenSum _ -> all / rows();
            case Aggregation.SeqMeanTokenMean mean -> Arrays.stream(perToken).mapToDouble(row ->
                    Arrays.stream(row).sum() / (row.length + mean.countEpsilon())).sum() / rows();
            case Aggregation.SeqMeanTokenSumNorm norm -> all / (norm.maxTokens() == 0 ? Bench.MAX_TOKENS
                    : norm.maxTokens()) / (norm.overResponses() ? rows() : 1);
        };
    }

    /// FlowRL in any of its variations.
    ///
    /// @param logZ of each response
    /// @param logZ0 the same where a stopped part reads it
    double flowRl(FlowRlSettings settings, double[] flat, double[] logZ, double[] logZ0) {
        double[][] x = unpacked(flat);
        return settings.variations().level() == Variations.Level.TOKEN ? tokens(settings, x, logZ)
                : responses(settings, x, logZ, logZ0);
    }

    private double tokens(FlowRlSettings settings, double[][] x, double[] logZ) {
        double[][] perToken = new double[rows()][];
        for (int i = 0; i < perToken.length; i++) {
            perToken[i] = new double[x[i].length];
            for (int t = 0; t < x[i].length; t++) {
                double delta = x[i][t] - anchor(settings, i, t) + logZ[i]
                        - settings.beta() * responses.advantages()[i][t];
                perToken[i][t] = weight(settings.weight(), at0()[i][t] - responses.old()[i][t]) * delta * delta;
            }
        }
        return aggregate(Aggregation.TOKEN_MEAN, perToken);
    }

    private double responses(FlowRlSettings settings, double[][] x, double[] logZ, double[] logZ0) {
        Variations variations = settings.variations();
        double loss = 0;
        double[][] clipped = new double[rows()][];
        for (int i = 0; i < rows(); i++) {
            int row = i;
            double delta = residual(settings, i, x[i], logZ[i]);
            double w = weight(settings.weight(), kept(settings, i, t -> at0()[row][t] - responses.old()[row][t]));
            if (variations.samplerCap() > 0) {
                w *= Math.min(Math.exp(kept(settings, i, t -> responses.old()[row][t] - sampler[row][t])),
                        variations.samplerCap());
            }
            loss += w * delta * delta / rows() * (variations.equalMicroBatchWeight() ? 9.0 / rows() : 1);
            double d = residual(settings, i, at0()[i], logZ0[i]);
            clipped[i] = new double[x[i].length];
            for (int t = 0; t < x[i].length; t++) {
                clipped[i][t] = larger(d, Math.exp(x[i][t] - responses.old()[i][t]), variations.policyTerm(),
                        variations.policyTerm());
            }
        }
        return variations.policyTerm() == 0 ? loss
                : loss + aggregate(new Aggregation.TokenMean(settings.countEpsilon()), clipped);
    }

    private double residual(FlowRlSettings settings, int i, double[] x, double logZ) {
        Variations variations = settings.variations();
        double n = kept(settings, i, _ -> 1) + settings.countEpsilon();
        double share = settings.lengthNormalised() ? n : 1;
        double reward = kept(settings, i, t -> responses.advantages()[i][t]) / n;
        double before = kept(settings, i, t -> responses.old()[i][t] - anchor(settings, i, t)) / share;
        double moved = kept(settings, i, t -> x[t] - responses.old()[i][t]) / share;
        GapClip clip = variations.gapClip();
        double gap = Math.clamp(logZ + before - settings.beta() * reward, clip.low() * settings.beta(),
                clip.high() * settings.beta());
        double moved0 = kept(settings, i, t -> at0()[i][t] - responses.old()[i][t]) / share;
        return gap + switch (variations.sequenceClip()) {
            case SequenceClip.None _ -> moved;
            case SequenceClip.Clamp c -> Math.clamp(moved, Math.log(1 - c.clipLow()), Math.log(1 + c.clipHigh()));
            case SequenceClip.Gspo c -> reward > 0 && moved0 > Math.log(1 + c.clipHigh())
                    || reward < 0 && moved0 < Math.log(1 - c.clipLow())
                    ? Math.clamp(moved, Math.log(1 - c.clipLow()), Math.log(1 + c.clipHigh())) : moved;
        };
    }

    private double anchor(FlowRlSettings settings, int i, int t) {
        return switch (settings.variations().anchor()) {
            case REFERENCE -> responses.reference()[i][t];
            case OLD -> responses.old()[i][t];
            case NONE -> 0;
        };
    }

    private static double weight(Weight weight, double logRatio) {
        double ratio = Math.exp(logRatio);
        return switch (weight) {
            case Weight.One _ -> 1;
            case Weight.None none -> Math.min(ratio, Math.exp(none.maxLogRatio()));
            case Weight.Clip clip -> Math.clamp(ratio, clip.low(), clip.high());
            case Weight.Max max -> Math.min(ratio, max.bound());
        };
    }

    /// A sum over the tokens of response i that count.
    private double kept(FlowRlSettings settings, int i, Term term) {
        return sum(i, t -> {
            double logRatio = at0()[i][t] - responses.old()[i][t];
            double a = responses.advantages()[i][t];
            boolean counts = switch (settings.variations().tokenMask()) {
                case TokenMask.All _ -> true;
                case TokenMask.Cispo c -> !(a > 0 && logRatio > Math.log(1 + c.clipHigh())
                        || a < 0 && logRatio < Math.log(1 - c.clipLow()));
            };
            return counts ? term.of(t) : 0;
        });
    }

    private double sum(int i, Term term) {
        double sum = 0;
        for (int t = 0; t < responses.lengths()[i]; t++) {
            sum += term.of(t);
        }
        return sum;
    }

    /// What token t adds to a sum.
    @FunctionalInterface
    private interface Term {
        double of(int t);
    }

    /// Five-point central differences of f at `at` towards each element (Abramowitz and Stegun 25.3.6), h = 2^-10.
    static double[] differences(ToDoubleFunction<double[]> f, double[] at) {
        double h = 0x1p-10;
        double[] slopes = new double[at.length];
        for (int i = 0; i < at.length; i++) {
            int place = i;
            DoubleUnaryOperator line = step -> {
                double[] moved = at.clone();
                moved[place] += step;
                return f.applyAsDouble(moved);
            };
            slopes[i] = (8 * (line.applyAsDouble(h) - line.applyAsDouble(-h))
                    - (line.applyAsDouble(2 * h) - line.applyAsDouble(-2 * h))) / (12 * h);
        }
        return slopes;
    }
}
