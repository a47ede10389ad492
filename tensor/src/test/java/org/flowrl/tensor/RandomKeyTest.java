package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RandomKeyTest {
    /// `philox4x32 10` of Random123's file kat_vectors: counter, key, and the four words that come out.
    @Test
    void philoxGivesRandom123sKnownAnswers() {
        assertPhilox(0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertPhilox(-1, -1, -1, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertPhilox(0x85a308d3_243f6a88L, 0x03707344_13198a2eL, 0x299f31d0_a4093822L,
                0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    private static void assertPhilox(long low, long high, long key, int... words) {
        long[] result = RandomKey.philox(low, high, key);
        assertThat(new int[] {(int) result[0], (int) (result[0] >>> 32), (int) result[1], (int) (result[1] >>> 32)})
                .containsExactly(words);
    }

    @Test
    void uniformsHaveTheMomentsOfTheUniformDistribution() {
        RandomKey key = RandomKey.of(1);
        int count = 100_000;
        double[] values = LongStream.range(0, count).mapToDouble(key::uniform).toArray();
        assertThat(Arrays.stream(values).min().orElseThrow()).isGreaterThanOrEqualTo(0);
        assertThat(Arrays.stream(values).max().orElseThrow()).isLessThan(1);
        double mean = Arrays.stream(values).average().orElseThrow();
        double variance = Arrays.stream(values).map(value -> (value - 0.5) * (value - 0.5)).average().orElseThrow();
        // Standard deviations: of the mean √(1/12/n) = 0.0009, of the variance √(1/180/n) = 0.00024; five are allowed.
        assertThat(mean).isCloseTo(0.5, within(0.0046));
        assertThat(variance).isCloseTo(1.0 / 12, within(0.0012));
    }

    @Test
    void normalsHaveTheMomentsOfTheNormalDistribution() {
        RandomKey key = RandomKey.of(2);
        int count = 100_000;
        double[] values = LongStream.range(0, count).mapToDouble(key::normal).toArray();
        // Standard deviations: of the mean 0.0032, of the variance √(2/n) = 0.0045, of the 4th moment √(96/n) = 0.031.
        assertThat(Arrays.stream(values).average().orElseThrow()).isCloseTo(0, within(0.016));
        assertThat(Arrays.stream(values).map(x -> x * x).average().orElseThrow()).isCloseTo(1, within(0.023));
        assertThat(Arrays.stream(values).map(x -> x * x * x * x).average().orElseThrow()).isCloseTo(3, within(0.16));
    }

    @Test
    void permutationsHoldEveryNumberOnceAndEveryOrderIsEquallyLikely() {
        for (int size : new int[] {0, 1, 2, 100}) {
            assertThat(Arrays.stream(RandomKey.of(size).permutation(size)).sorted().toArray())
                    .isEqualTo(IntStream.range(0, size).toArray());
        }
        int[] counts = new int[6];
        for (int i = 0; i < 6000; i++) {
            int[] order = RandomKey.of(7).fold(i).permutation(3);
            counts[order[0] * 2 + (order[1] > order[2] ? 1 : 0)]++;
        }
        // Standard deviation of a count: √(6000 · 1/6 · 5/6) = 29; five are allowed.
        assertThat(counts).as("each of the six orders").satisfies(all ->
                assertThat(Arrays.stream(all).allMatch(count -> Math.abs(count - 1000) < 145)).isTrue());
    }

    @Test
    void foldsGiveDifferentKeysAndTheSameOneAgain() {
        Set<Long> keys = new HashSet<>();
        RandomKey root = RandomKey.of(5);
        keys.add(root.bits());
        for (int i = 0; i < 1000; i++) {
            keys.add(root.fold(i).bits());
            keys.add(root.fold(1).fold(i).bits());
            keys.add(root.fold("sampling").fold(i).bits());
        }
        // fold(1) of the first line is not repeated: 1 + 3 · 1000.
        assertThat(keys).hasSize(3001);
        assertThat(root.fold("sampling")).isEqualTo(RandomKey.of(5).fold("sampling"))
                .isNotEqualTo(root.fold("dropout")).isNotEqualTo(root.fold("gnilpmas"));
    }

    /// Streams of draws and of keys are apart, and a purpose is more than its letters one by one.
    @Test
    void aKeyIsNotANumberThatIsDrawnAndANameIsNotItsParts() {
        RandomKey key = RandomKey.of(5);
        for (int i = 0; i < 100; i++) {
            assertThat(key.fold(i).bits()).isNotEqualTo(key.nextBits(i));
        }
        assertThat(key.fold("ab")).isNotEqualTo(key.fold("a").fold("b"));
        assertThat(key.fold("a")).isNotEqualTo(key.fold('a'));
        assertThat(key.fold("")).isNotEqualTo(key);
    }

    @Test
    void integersFillTheirRange() {
        RandomKey key = RandomKey.of(9);
        assertThat(IntStream.range(0, 1000).map(i -> key.nextInt(i, 7)).distinct().sorted().toArray())
                .containsExactly(0, 1, 2, 3, 4, 5, 6);
        assertThatIllegalArgumentException().isThrownBy(() -> key.nextInt(0, 0)).withMessageContaining("bound 0");
    }
}
