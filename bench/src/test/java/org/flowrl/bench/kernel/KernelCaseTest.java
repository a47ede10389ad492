package org.flowrl.bench.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelCaseTest {
    @Test
    void everyCaseOfTheReportIsParsedFromItsName() {
        assertThat(KernelCases.all()).allSatisfy(one -> assertThat(KernelCase.parse(one.name())).isEqualTo(one));
    }

    @Test
    void namesOfTheReportAreDifferent() {
        List<String> names = KernelCases.all().stream().map(KernelCase::name).toList();
        assertThat(names).doesNotHaveDuplicates();
    }

    /// Expected by hand: 2·M·N·K; 2 arrays of 4 bytes; 4·E·H pairs, of which 4 tokens see 1 + 2 + 3 + 4; 6·N·V·D.
    @ParameterizedTest
    @CsvSource({"forward-2x3x5, 60", "exp-3x7, 168", "attention-1x4x2x1x8, 640",
        "logProbsBackward-2x10x3, 360"})
    void workIsThatOfTheFormula(String name, double work) {
        assertThat(KernelCase.parse(name).work()).isEqualTo(work);
    }

    @ParameterizedTest
    @ValueSource(strings = {"forward", "forward-2x3", "forward-2x3xfour", "forward-2x3x0", "sideways-1x2x3"})
    void anUnknownNameIsRefusedByName(String name) {
        assertThatThrownBy(() -> KernelCase.parse(name)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "'");
    }
}
