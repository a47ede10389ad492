package org.flowrl.tensor;

/// A counter-based random stream: every number is a pure function of the key and a counter, so that any draw of any
/// run can be repeated alone, in any order and on any number of threads.
///
/// A key is made from the seed by folding in what the draw is for:
/// `RandomKey.of(seed).fold(Purpose).fold(step).fold(sample).uniform(position)`.
///
/// Generator: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), the key being the
/// 64 bits of this record and the 128-bit counter (counter, stream).
///
/// @param bits the Philox key
public record RandomKey(long bits) {
    private static final int MULTIPLIER_0 = 0xD2511F53;
    private static final int MULTIPLIER_1 = 0xCD9E8D57;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;
    private static final long DRAW_STREAM = 0;
    private static final long FOLD_STREAM = 1;

    /// The root key of a seed.
    public static RandomKey of(long seed) {
        return new RandomKey(seed);
    }

    /// The key of a sub-stream: different values give independent streams.
    public RandomKey fold(long value) {
        return new RandomKey(philox(value, FOLD_STREAM, bits)[0]);
    }

    /// The key of a named sub-stream, such as `"sampling"`; depends on the characters alone.
    public RandomKey fold(String purpose) {
        RandomKey key = fold(purpose.length());
        for (int i = 0; i < purpose.length(); i++) {
            key = key.fold(purpose.charAt(i));
        }
        return key;
    }

    /// 64 random bits for this counter.
    public long nextBits(long counter) {
        return philox(counter, DRAW_STREAM, bits)[0];
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    public double uniform(long counter) {
        return (nextBits(counter) >>> 11) * 0x1.0p-53;
    }

    /// Standard normal (Box-Muller on two uniforms of the same counter).
    public double normal(long counter) {
        long[] words = philox(counter, DRAW_STREAM, bits);
        double u = ((words[0] >>> 11) + 1) * 0x1.0p-53;
        double v = (words[1] >>> 11) * 0x1.0p-53;
        return StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * StrictMath.PI * v);
    }

    /// Uniform in 0 … bound−1 (the bias is below bound / 2^53).
    public int nextInt(long counter, int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("nextInt: bound " + bound + " must be positive");
        }
        return (int) (uniform(counter) * bound);
    }

    /// A uniformly random order of 0 … size−1 (Fisher-Yates).
    public int[] permutation(int size) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int j = nextInt(i, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /// Philox4x32-10 of the counter words (low, high) under `key`: two 64-bit words, each (first | second << 32).
    static long[] philox(long low, long high, long key) {
        int c0 = (int) low;
        int c1 = (int) (low >>> 32);
        int c2 = (int) high;
        int c3 = (int) (high >>> 32);
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = Integer.toUnsignedLong(MULTIPLIER_0) * Integer.toUnsignedLong(c0);
            long p1 = Integer.toUnsignedLong(MULTIPLIER_1) * Integer.toUnsignedLong(c2);
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c1 = (int) p1;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c3 = (int) p0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new long[] {
            Integer.toUnsignedLong(c0) | (long) c1 << 32, Integer.toUnsignedLong(c2) | (long) c3 << 32};
    }
}
