package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.stream.Stream;
import org.flowrl.examples.RewardWeighted;
import org.flowrl.rl.objective.Objective.PromptStates;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ObjectiveSettingsTest {
    private static final JsonMapper MAPPER = new JsonMapper();

    static Stream<ObjectiveSettings> settings() {
        return Stream.of(FlowRlSettings.paper(), FlowRlSettings.released202509(), FlowRlSettings.recipe202512(),
                FlowRlSettings.recipe202512().withBeta(1).withRawReward().withDropout(0).withLengthNormalised(false),
                FlowRlSettings.paper().withLogZ(new LogZSettings.Constant(-2)).withReward(Advantages.GROUP_MEAN),
                PolicyGradientSettings.grpo(), PolicyGradientSettings.grpo().withAdvantages(Advantages.RAW)
                        .withReferencePenalty(0), new RewardWeighted(0.25));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void settingsSurviveBeingWrittenAndRead(ObjectiveSettings settings) throws JsonProcessingException {
        String text = MAPPER.writerFor(ObjectiveSettings.class).writeValueAsString(settings);

        assertThat(MAPPER.readValue(text, ObjectiveSettings.class)).isEqualTo(settings);
    }

    @Test
    void thePublishedVersionsDifferInWeightAndInWhatLogZReads() {
        assertThat(FlowRlSettings.paper().weight()).isEqualTo(new Weight.Clip(0.8, 1.2));
        assertThat(FlowRlSettings.released202509().weight()).isEqualTo(new Weight.None(20));
        assertThat(FlowRlSettings.recipe202512().weight()).isEqualTo(new Weight.Max(10));
        assertThat(FlowRlSettings.paper().logZ())
                .isEqualTo(new LogZSettings.Learned(PromptStates.ALL, false, 3, 0.1, 1));
        for (FlowRlSettings code : new FlowRlSettings[] {
            FlowRlSettings.released202509(), FlowRlSettings.recipe202512()}) {
            assertThat(code.logZ()).isEqualTo(new LogZSettings.Learned(PromptStates.WITHOUT_LAST, false, 3, 0.1, 1));
        }
        for (String name : FlowRlSettings.VARIANTS) {
            FlowRlSettings version = FlowRlSettings.variant(name);
            assertThat(version.variant()).isEqualTo(name);
            assertThat(version.beta()).isEqualTo(15);
            assertThat(version.reward()).isEqualTo(Advantages.GROUP_STD);
            assertThat(version.lengthNormalised()).isTrue();
        }
    }

    @Test
    void impossibleSettingsAreRefused() {
        assertThatThrownBy(() -> FlowRlSettings.variant("v9"))
                .hasMessage("flowrl: variant v9 is unknown; known: paper, released-2025-09, recipe-2025-12");
        assertThatThrownBy(() -> FlowRlSettings.paper().withBeta(-1))
                .hasMessage("flowrl: beta -1.0 must be at least 0 and finite");
        assertThatThrownBy(() -> FlowRlSettings.paper().withDropout(1))
                .hasMessage("logZ learned: dropout 1.0 must be in [0, 1)");
        assertThatThrownBy(() -> FlowRlSettings.paper().withLogZ(new LogZSettings.Constant(0)).withDropout(0))
                .hasMessageStartingWith("flowrl: dropout 0.0 needs a learned log Z");
        assertThatThrownBy(() -> LogZSettings.learned(PromptStates.NONE))
                .hasMessage("logZ learned: promptStates NONE must be WITHOUT_LAST or ALL");
    }
}
