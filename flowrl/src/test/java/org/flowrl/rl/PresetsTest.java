package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.Stream;
import org.flowrl.rl.objective.Algorithms;
import org.flowrl.rl.objective.Estimator;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.PolicyGradientSettings;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Tasks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PresetsTest {
    static Stream<Arguments> combinations() {
        return Presets.NAMES.stream().flatMap(preset -> Algorithms.NAMES.stream()
                .map(algorithm -> Arguments.of(preset, algorithm)));
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void everyPresetTakesEveryAlgorithmAndSurvivesItsOwnFile(String preset, String algorithm) {
        TrainConfig config = Presets.config(preset, algorithm);

        assertThat(config.task()).isIn(Tasks.NAMES);
        assertThat(ConfigFile.with(config, java.util.Map.of())).isEqualTo(config);
    }

    /// tokens · β · reward range in nats, see ../shared/design/calibration.md; rewards lie between 0 and 1.
    @ParameterizedTest
    @CsvSource({"lattice, 9", "lattice-12, 9.75", "lattice-walls, 9", "minicount, 9", "minicount-diverse, 6",
            "minicount-held-out, 9",
        "modes, 10", "modes-8, 10"})
    void flowRlAsksForSixToTenNats(String preset, double nats) {
        TrainConfig config = Presets.config(preset, "flowrl");
        Task task = Tasks.named(config.task());

        assertThat(((FlowRlSettings) config.objective()).beta() * task.maxResponseTokens())
                .isCloseTo(nats, within(1e-12));
    }

    /// verl's recipe trains Qwen at 1e-6, with beta 15 on standardised rewards; a tiny model's rate would destroy it.
    @Test
    void pretrainedModelsAreTrainedAsPublished() {
        TrainConfig config = Presets.config("countdown-text", "flowrl");

        assertThat(config.objective()).isEqualTo(FlowRlSettings.recipe202512());
        assertThat(config.update().optimizer().learningRate()).isEqualTo(1e-6);
        assertThat(config.warmUp().steps()).isZero();
        assertThat(Presets.config("countdown-text", "ppo").objective()).isEqualTo(Algorithms.named("ppo"));
    }

    /// 40 steps on tiny models, see ../shared/design/calibration.md.
    @Test
    void aCriticLearnsAloneAtFirst() {
        PolicyGradientSettings ppo = (PolicyGradientSettings) Presets.config("modes", "ppo").objective();

        assertThat(((Estimator.Gae) ppo.estimator()).critic().warmUpSteps()).isEqualTo(40);
        assertThat(Presets.config("modes", "ppo").update().optimizer().learningRate()).isEqualTo(3e-4);
    }

    @Test
    void thePresetForHeldOutQuestionsDecaysWeightsAndNoOtherTinyOneDoes() {
        assertThat(Presets.NAMES.stream().filter(name ->
                Presets.config(name, "flowrl").update().optimizer().adam().weightDecay() > 0))
                .containsExactly("minicount-held-out");
        TrainConfig heldOut = Presets.config("minicount-held-out", "flowrl");
        assertThat(heldOut.update().optimizer().adam().weightDecay()).isEqualTo(0.1);
        assertThat(heldOut.warmUp()).isEqualTo(Presets.config("minicount", "flowrl").warmUp());
    }

    @Test
    void dynamicSamplingIsDaposAlone() {
        assertThat(Presets.config("minicount", "dapo").rollout().maxGenerations()).isEqualTo(10);
        assertThat(Presets.config("minicount", "grpo").rollout().maxGenerations()).isEqualTo(1);
    }

    @Test
    void everyTaskHasAPresetOfItsName() {
        assertThat(Presets.NAMES).containsAll(Tasks.NAMES);
        assertThat(Tasks.NAMES).allSatisfy(name -> assertThat(Tasks.named(name).name()).isEqualTo(name));
    }

    @Test
    void policyGradientsAreHeldAgainstTheOptimumOfFlowRlsPreset() {
        assertThat(Presets.beta("minicount")).isEqualTo(1.5);
        assertThat(Presets.beta("one of my own")).isEqualTo(1);
    }

    @Test
    void unknownNamesAreRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Presets.config("chess", "flowrl")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("chess is unknown; known: lattice, ");
        assertThatThrownBy(() -> Presets.config("lattice", "magic")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("magic is unknown; known: FlowRL flowrl, ");
        assertThatThrownBy(() -> Tasks.named("chess")).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("task chess is unknown; known: " + String.join(", ", Tasks.NAMES));
    }
}
