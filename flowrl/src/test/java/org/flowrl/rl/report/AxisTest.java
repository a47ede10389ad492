package org.flowrl.rl.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AxisTest {
    static Stream<Arguments> axes() {
        return Stream.of(
                Arguments.of(0, 1, 4, List.of("0.00", "0.25", "0.50", "0.75", "1.00")),
                Arguments.of(0, 47.6, 4, List.of("0", "20", "40", "60")),
                Arguments.of(0, 450, 5, List.of("0", "100", "200", "300", "400", "500")),
                Arguments.of(-0.3, 0.8, 4, List.of("-0.5", "0.0", "0.5", "1.0")),
                Arguments.of(0, 0.003, 4, List.of("0.000", "0.001", "0.002", "0.003")),
                Arguments.of(0, 0, 4, List.of("0.00", "0.25")),
                Arguments.of(-2e-7, 8e-7, 4, List.of("-0.25e-6", "0", "0.25e-6", "0.50e-6", "0.75e-6", "1.00e-6")));
    }

    static Stream<Arguments> counts() {
        return Stream.of(
                Arguments.of(1, List.of("0", "1")),
                Arguments.of(3, List.of("0", "1", "2", "3")),
                Arguments.of(11, List.of("0", "5", "10", "15")),
                Arguments.of(60, List.of("0", "20", "40", "60")));
    }

    @ParameterizedTest
    @MethodSource("counts")
    void countsAreAtWholeNumbers(double most, List<String> labels) {
        Axis axis = Axis.counting(most, 5);
        assertThat(axis.ticks().stream().map(axis::label)).isEqualTo(labels);
    }

    @ParameterizedTest
    @MethodSource("axes")
    void ticksAreRoundAndHoldAllValues(double least, double most, int ticks, List<String> labels) {
        Axis axis = Axis.holding(least, most, ticks);
        assertThat(axis.ticks().stream().map(axis::label)).isEqualTo(labels);
        assertThat(axis.low()).isLessThanOrEqualTo(least);
        assertThat(axis.high()).isGreaterThanOrEqualTo(most);
        assertThat(axis.position(axis.low())).isZero();
        assertThat(axis.position(axis.high())).isEqualTo(1);
    }
}
