package org.flowrl.rl.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.objective.PolicyGradientSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ComparisonTest {
    private static final List<Double> RATES = List.of(3e-4, 1e-3);

    /// The lattice preset has β = 1 and answers of 8 symbols and an end: T = 9; minicount β = 1.5 and T = 6, its
    /// diverse form β = 1; modes β = 10/7 and T = 7.
    @ParameterizedTest
    @CsvSource({"lattice, 9", "minicount, 9", "minicount-diverse, 6", "modes, 10"})
    void theMatchedKlCoefficientIsOneOverBetaT(String preset, double betaTimesT) {
        for (String name : List.of("grpo-kl-matched", "grpo-kl-coefficient")) {
            assertThat(objective(preset, name).penalty().coefficient()).isCloseTo(1 / betaTimesT, within(1e-15));
        }
    }

    @Test
    void aMatchedBaselineHasFlowRlsOptimumAndOneWithTheCoefficientAloneIsAsPublished() {
        PolicyGradientSettings published = (PolicyGradientSettings) Presets.config("lattice", "grpo").objective();
        double coefficient = Contender.klCoefficient("lattice");
        assertThat(objective("lattice", "grpo-kl-matched")).isEqualTo(published.klMatched(coefficient));
        assertThat(objective("lattice", "grpo-kl-coefficient")).isEqualTo(published.withReferencePenalty(coefficient));
    }

    private static PolicyGradientSettings objective(String preset, String name) {
        Comparison comparison = new Comparison(preset, List.of(Contender.named(name, preset, RATES)), 20, 20, 101,
                List.of(1L), "exact/accuracy", Map.of());
        return (PolicyGradientSettings) comparison.config(comparison.sweep().getFirst()).objective();
    }

    @ParameterizedTest
    @CsvSource({"lattice, flowrl-kl-matched, no baseline whose KL could be matched",
        "countdown, grpo-kl-matched, countdown does not list them", "lattice, magic-kl-matched, magic is unknown"})
    void whatCannotBeMatchedIsRefused(String preset, String name, String message) {
        assertThatThrownBy(() -> Contender.named(name, preset, RATES)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void everyRunHasTheSameStepsSamplesAndCourse() {
        Comparison comparison = SmallComparison.of(40, List.of(1L, 2L), Map.of());
        List<Cell> cells = new ArrayList<>(comparison.sweep());
        comparison.contenders().forEach(contender -> cells.addAll(comparison.reported(contender, 1e-3)));
        assertThat(cells).hasSize(comparison.size()).hasSize(8);
        for (Cell cell : cells) {
            TrainConfig config = comparison.config(cell);
            assertThat(config.steps()).isEqualTo(40);
            assertThat(config.update().optimizer().scheduleSteps()).isEqualTo(40);
            assertThat(config.rollout().rows()).isEqualTo(4);
            assertThat(config.update().optimizer().learningRate()).isEqualTo(cell.learningRate());
            assertThat(config.seed()).isEqualTo(cell.seed());
            assertThat(config.evaluateEvery()).isEqualTo(1000);
        }
    }

    static Stream<Arguments> impossible() {
        Contender flowrl = Contender.named("flowrl", "lattice", RATES);
        return Stream.of(
                Arguments.of("no contender", List.of(), List.of(1L), "contenders [] must be at least one"),
                Arguments.of("a contender twice", List.of(flowrl, flowrl), List.of(1L), "all different"),
                Arguments.of("no seed", List.of(flowrl), List.of(), "seeds [] must be at least one"),
                Arguments.of("a seed twice", List.of(flowrl), List.of(1L, 1L), "all different"),
                Arguments.of("the validation seed reported", List.of(flowrl), List.of(1L, 101L),
                        "validationSeed 101 must not be among"),
                Arguments.of("another budget", List.of(flowrl, new Contender("rich", "grpo", RATES,
                        Map.of("rollout.samples", "4"), "")), List.of(1L), "must have the same budget"),
                Arguments.of("an unknown algorithm", List.of(new Contender("x", "magic", RATES, Map.of(), "")),
                        List.of(1L), "magic is unknown"),
                Arguments.of("an unknown key", List.of(new Contender("x", "grpo", RATES, Map.of("a.b", "1"), "")),
                        List.of(1L), "--set a.b is unknown"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("impossible")
    void whatIsNotPossibleIsRefused(String what, List<Contender> contenders, List<Long> seeds, String message) {
        assertThatThrownBy(() -> SmallComparison.of(contenders, 2, seeds, Map.of()).check())
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }

    @ParameterizedTest
    @MethodSource("names")
    void aNameThatCannotBeAFolderIsRefused(String name) {
        assertThatThrownBy(() -> new Contender(name, "grpo", RATES, Map.of(), ""))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("must have a name of letters");
    }

    static Stream<String> names() {
        return Stream.of("", "a/b", "..", "a b");
    }

    @Test
    void contendersNeedLearningRates() {
        assertThatThrownBy(() -> Contender.named("grpo", "lattice", List.of()))
                .hasMessageContaining("must be at least one");
        assertThatThrownBy(() -> Contender.named("grpo", "lattice", List.of(1.0, 1.0)))
                .hasMessageContaining("all different");
    }

    @ParameterizedTest
    @EnumSource(Ablation.class)
    void everyAblationBeginsWithFlowRlAsItIsAndChangesIt(Ablation ablation) {
        List<ObjectiveSettings> settings = ablation.algorithms().stream()
                .map(name -> Presets.config("lattice", name).objective()).toList();
        FlowRlSettings whole = (FlowRlSettings) Presets.config("lattice", "flowrl").objective();
        List<FlowRlSettings> unnamed = settings.stream().map(one -> ((FlowRlSettings) one).named(whole.variant()))
                .toList();
        assertThat(unnamed.getFirst()).isEqualTo(whole);
        assertThat(unnamed).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("rates")
    void learningRatesAreWrittenAsPeopleDo(double rate, String text) {
        assertThat(ComparisonTable.rate(rate)).isEqualTo(text);
    }

    static Stream<Arguments> rates() {
        return Stream.of(Arguments.of(3e-4, "3e-4"), Arguments.of(1e-3, "1e-3"), Arguments.of(2.5e-6, "2.5e-6"),
                Arguments.of(0.02, "2e-2"));
    }
}
