package org.flowrl.bench.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EngineTest {
    /// A small case of every kernel. FlowRL's backends agree to the bit, BF16 weights included.
    @ParameterizedTest
    @ValueSource(strings = {"forward-5x17x33", "forwardBf16-5x17x33", "inputGradient-5x17x33", "weightGradient-5x17x33",
        "rmsNorm-3x64", "rmsNormBackward-3x64", "rope-3x128", "swiGlu-3x21", "swiGluBackward-3x21", "exp-3x21",
        "gather-3x21", "scatterAdd-3x21", "adamW-3x21", "adamWBf16-3x21", "squaredNorm-3x21", "attention-2x19x4x2x16",
        "attentionBackward-2x19x4x2x16", "attentionPaged-2x19x4x2x16", "logProbs-3x50x16", "logProbsBackward-3x50x16"})
    void flowRlAgreesWithTheReference(String name) {
        KernelCase kernelCase = KernelCase.parse(name);
        try (Inputs inputs = new Inputs(kernelCase);
                Call ours = Engine.named("flowrl").prepare(kernelCase, inputs, 2);
                Call reference = Engine.named("reference").prepare(kernelCase, inputs, 1)) {
            ours.run();
            reference.run();
            assertThat(ours.results()).isNotEmpty();
            assertThat(Agreement.difference(kernelCase, "reference", ours.results(), reference.results())).isZero();
        }
    }

    @Test
    void ratiosLeaveOutTheEnginesThatAreYardsticks() {
        assertThat(Engine.all()).isNotEmpty().allSatisfy(engine -> assertThat(Comparison.YARDSTICKS.contains(
                engine.name())).as(engine.name()).isEqualTo(engine.role() == Engine.Role.YARDSTICK));
    }

    @ParameterizedTest
    @ValueSource(strings = {"forward-2x3x5", "exp-3x21"})
    void thePeakDoesTheWorkOfItsCaseOften(String name) {
        KernelCase kernelCase = KernelCase.parse(name);
        try (Inputs inputs = new Inputs(kernelCase);
                Call peak = Engine.named("peak").prepare(kernelCase, inputs, 2)) {
            assertThat(peak.repetitions() * kernelCase.work()).isGreaterThan(1e7);
            assertThat(peak.results()).isEmpty();
        }
    }

    @Test
    void anUnknownEngineIsRefusedWithThoseThereAre() {
        assertThatThrownBy(() -> Engine.named("abacus")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'abacus'").hasMessageContaining("flowrl");
    }

    @Test
    void aDifferenceAboveTheToleranceNamesEngineElementAndValues() {
        KernelCase kernelCase = KernelCase.parse("exp-1x2");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment expected = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2);
            MemorySegment actual = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2.5f);
            assertThatThrownBy(() -> Agreement.difference(kernelCase, "abacus", List.of(expected), List.of(actual)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("exp-1x2: abacus, result 0, element 1: 2.5 where flowrl has 2.0");
        }
    }

    @Test
    void aDifferenceIsAShareOfTheLargestElement() {
        KernelCase kernelCase = KernelCase.parse("forwardBf16-1x2x1");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment expected = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, -4);
            MemorySegment actual = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1.03125f, -4);
            // 1/32 beside 4.
            assertThat(Agreement.difference(kernelCase, "abacus", List.of(expected), List.of(actual)))
                    .isEqualTo(0.0078125);
        }
    }
}
