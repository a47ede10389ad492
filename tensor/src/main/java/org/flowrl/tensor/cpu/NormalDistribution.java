package org.flowrl.tensor.cpu;

/// The standard normal distribution in F64, from `StrictMath.exp`, products and quotients alone, so that its bits are
/// the same on every machine. Shared by all CPU backends: the exact GELU is not worth a vector form.
///
/// ```
/// φ(x) = e^(−x²/2) / √(2π)        Φ(x) = ∫_{−∞}^{x} φ        1 − Φ(x) = φ(x) · M(x)   for x ≥ 0
/// ```
/// Mills' ratio M solves M' = x · M − 1, which gives its Taylor coefficients c at any point from its value there:
/// ```
/// c₀ = M(x)     c₁ = x · c₀ − 1     c_{n+1} = (x · c_n + c_{n−1}) / (n + 1)
/// ```
/// Up to {@link #TABLE_END} M is the series around the nearest point of a table, beyond it a continued fraction.
final class NormalDistribution {
    private static final double DENSITY_AT_ZERO = 0.3989422804014326779;
    /// Table points in a unit of x.
    private static final int POINTS_PER_UNIT = 8;
    private static final int TABLE_END = 8;
    /// Terms of a series: at half a step from its point the next one is below 1e-18; at a whole step, below 1e-17.
    private static final int TERMS = 16;
    /// Levels of the continued fraction that reach 1e-17 from {@link #TABLE_END} on.
    private static final int FRACTION_LEVELS = 24;
    /// Beyond this in |x| both the density and the tail are below the smallest subnormal number.
    private static final double SUPPORT = 38.7;

    /// φ(i / 16).
    private static final double[] DENSITY_AT_SIXTEENTHS = densities();
    private static final double[][] MILLS = table();

    private NormalDistribution() {
    }

    /// φ(x).
    static double density(double x) {
        double distance = Math.abs(x);
        if (distance > SUPPORT) {
            return 0;
        }
        // x² = h² + rest with an exact h², or the rounding of x² would cost relative accuracy far out.
        int sixteenths = (int) Math.rint(distance * 16);
        double h = sixteenths / 16.0;
        double rest = (distance - h) * (distance + h);
        return DENSITY_AT_SIXTEENTHS[sixteenths] * StrictMath.exp(-0.5 * rest);
    }

    /// Φ(x), with a relative error of about 1e-15 in the lower tail too.
    static double cumulative(double x) {
        return cumulative(x, density(x));
    }

    /// Φ(x), given φ(x).
    static double cumulative(double x, double density) {
        double tail = tail(Math.abs(x), density);
        return x > 0 ? 1 - tail : tail;
    }

    /// 1 − Φ(x) for x ≥ 0.
    private static double tail(double x, double density) {
        if (x > SUPPORT) {
            return 0;
        }
        if (x >= TABLE_END) {
            return density * fraction(x);
        }
        double nearest = Math.rint(x * POINTS_PER_UNIT);
        return density * series(MILLS[(int) nearest], x - nearest / POINTS_PER_UNIT);
    }

    private static double[] densities() {
        double[] densities = new double[(int) Math.rint(SUPPORT * 16) + 1];
        for (int i = 0; i < densities.length; i++) {
            double h = i / 16.0;
            densities[i] = DENSITY_AT_ZERO * StrictMath.exp(-0.5 * h * h);
        }
        return densities;
    }

    /// M(x) = 1 / (x + 1/(x + 2/(x + 3/(x + …)))) (Laplace).
    private static double fraction(double x) {
        double denominator = x;
        for (int n = FRACTION_LEVELS; n >= 1; n--) {
            denominator = x + n / denominator;
        }
        return 1 / denominator;
    }

    private static double series(double[] coefficients, double h) {
        double sum = coefficients[TERMS - 1];
        for (int n = TERMS - 2; n >= 0; n--) {
            sum = Math.fma(sum, h, coefficients[n]);
        }
        return sum;
    }

    /// Coefficients at 0, 1/8, … 8. Each point's value comes from the series of the point above it: downwards, errors
    /// shrink as e^(x²/2) does.
    private static double[][] table() {
        int last = TABLE_END * POINTS_PER_UNIT;
        double[][] table = new double[last + 1][];
        table[last] = coefficients(TABLE_END, fraction(TABLE_END));
        for (int i = last - 1; i >= 0; i--) {
            table[i] = coefficients((double) i / POINTS_PER_UNIT, series(table[i + 1], -1.0 / POINTS_PER_UNIT));
        }
        return table;
    }

    private static double[] coefficients(double x, double value) {
        double[] c = new double[TERMS];
        c[0] = value;
        c[1] = x * value - 1;
        for (int n = 1; n < TERMS - 1; n++) {
            c[n + 1] = (x * c[n] + c[n - 1]) / (n + 1);
        }
        return c;
    }
}
