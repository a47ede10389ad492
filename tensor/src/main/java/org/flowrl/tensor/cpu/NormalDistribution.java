package org.flowrl.tensor.cpu;

/// The standard normal distribution in F64, from `StrictMath.exp`, products and quotients alone, so that its bits are
/// the same on every machine. Shared by all CPU backends: the exact GELU is not worth a vector form.
///
/// ```
/// φ(x) = e^(−x²/2) / √(2π)        Φ(x) = ∫_{−∞}^{x} φ
/// ```
final class NormalDistribution {
    private static final double DENSITY_AT_ZERO = 0.3989422804014326779;
    /// Up to here in |x| the series is used, where 0.5 − series cancels little; beyond it the continued fraction.
    private static final double SERIES_LIMIT = 1;
    /// Terms of the series: the next one is below 1e-17 of the sum at {@link #SERIES_LIMIT}.
    private static final int SERIES_TERMS = 20;
    /// Levels of the continued fraction: this many, and this many over x² more, reach 1e-16.
    private static final int FRACTION_LEVELS = 16;
    private static final double FRACTION_LEVELS_OVER_SQUARE = 420;
    /// Beyond this in |x| both the density and the tail are below the smallest subnormal number.
    private static final double SUPPORT = 38.7;

    private NormalDistribution() {
    }

    /// φ(x).
    static double density(double x) {
        if (Math.abs(x) > SUPPORT) {
            return 0;
        }
        // x² = h² + rest with an exact h², or the rounding of x² would cost relative accuracy far out.
        double h = Math.rint(x * 16) / 16;
        double rest = (x - h) * (x + h);
        return DENSITY_AT_ZERO * StrictMath.exp(-0.5 * h * h) * StrictMath.exp(-0.5 * rest);
    }

    /// Φ(x), with a relative error of about 1e-15 in the lower tail too.
    static double cumulative(double x) {
        double size = Math.abs(x);
        if (size <= SERIES_LIMIT) {
            return 0.5 + fromCentre(x);
        }
        double tail = tail(size);
        return x > 0 ? 1 - tail : tail;
    }

    /// Φ(x) − 1/2 = φ(x) · (x + x³/3 + x⁵/(3·5) + …), all terms of one sign.
    private static double fromCentre(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n <= SERIES_TERMS; n++) {
            term *= x * x / (2 * n + 1);
            sum += term;
        }
        return density(x) * sum;
    }

    /// 1 − Φ(x) = φ(x) / (x + 1/(x + 2/(x + 3/(x + …)))) for x > 0 (Laplace).
    private static double tail(double x) {
        if (x > SUPPORT) {
            return 0;
        }
        double fraction = x;
        for (int n = FRACTION_LEVELS + (int) (FRACTION_LEVELS_OVER_SQUARE / (x * x)); n >= 1; n--) {
            fraction = x + n / fraction;
        }
        return density(x) / fraction;
    }
}
