package org.flowrl.autograd.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void aConstantIsOne() {
        assertThat(factors(Schedule.constant(), 3)).containsExactly(1, 1, 1);
    }

    @Test
    void linearWarmupStartsAtZero() {
        assertThat(factors(Schedule.linearWarmup(10), 13))
                .containsExactly(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1, 1);
        assertThat(factors(Schedule.linearWarmup(0), 2)).containsExactly(1, 1);
    }

    @Test
    void cosineRisesAtOnceAndFallsToItsFloor() {
        // (1 + cos(π·k/4)) / 2 for k = 0 … 4 is 1, (2 + √2)/4, 1/2, (2 − √2)/4, 0; mapped to [0.1, 1].
        double root = Math.sqrt(2);
        assertThat(factors(Schedule.cosine(2, 6, 0.1), 9)).containsExactly(new double[] {0.5, 1, 1,
            0.1 + 0.9 * (2 + root) / 4, 0.55, 0.1 + 0.9 * (2 - root) / 4, 0.1, 0.1, 0.1}, within(1e-15));
        assertThat(factors(Schedule.cosine(0, 0, 0.3), 2)).containsExactly(0.3, 0.3);
    }

    @Test
    void schedulesRefuseAWarmupBeyondTheirEndsAndAFloorAboveOne() {
        assertThatThrownBy(() -> Schedule.linearWarmup(-1))
                .hasMessage("linearWarmup: warmup -1 must be 0 or more");
        assertThatThrownBy(() -> Schedule.cosine(7, 6, 0)).hasMessageContaining("warmup 7, total 6");
        assertThatThrownBy(() -> Schedule.cosine(-1, 6, 0)).hasMessageContaining("warmup -1");
        assertThatThrownBy(() -> Schedule.cosine(0, 6, 1.5)).hasMessageContaining("floor 1.5");
        assertThatThrownBy(() -> Schedule.cosine(0, 6, Double.NaN)).hasMessageContaining("floor NaN");
    }

    private static double[] factors(Schedule schedule, int steps) {
        return LongStream.range(0, steps).mapToDouble(schedule::factor).toArray();
    }
}
