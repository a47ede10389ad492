package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnknownNameTest {
    private static final List<String> KNOWN = List.of("flowrl", "flowrl-paper", "grpo", "gspo", "ppo", "countdown",
            "learningRate");

    /// Mistakes by hand: a swap, a capital and a letter too many, a letter missing, one wrong beside "ppo" and "grpo"
    /// that are further, two of twelve letters, a beginning, and the distance of one letter that "ppo" and "gpo" have.
    @ParameterizedTest
    @CsvSource({"gpro, grpo", "Flow-RL, flowrl", "flwrl, flowrl", "gppo, gspo|grpo|ppo", "learnigRat, learningRate",
        "count, countdown", "lernRate, learningRate"})
    void aNearNameIsGuessed(String name, String near) {
        assertThat(near.split("\\|")).contains(UnknownName.nearest(name, KNOWN).orElseThrow());
    }

    @ParameterizedTest
    @CsvSource({"magic", "x", "''", "fl", "trajectory"})
    void noNameIsGuessedForOneThatIsFarFromAll(String name) {
        assertThat(UnknownName.nearest(name, KNOWN)).isEmpty();
    }

    @Test
    void ofEquallyNearNamesTheFirstIsGuessed() {
        assertThat(UnknownName.nearest("gxpo", List.of("gspo", "grpo"))).contains("gspo");
        assertThat(UnknownName.nearest("gxpo", List.of("grpo", "gspo"))).contains("grpo");
    }

    @Test
    void theMessageHasTheGuessAndTheKnownNames() {
        assertThat(UnknownName.message("algorithm", "gpro", List.of("grpo", "ppo")))
                .isEqualTo("algorithm gpro is unknown; did you mean grpo? known: grpo, ppo");
        assertThat(UnknownName.message("task", "", Optional.empty(), "lattice, and others"))
                .isEqualTo("task '' is unknown; known: lattice, and others");
    }
}
