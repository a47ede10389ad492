package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/// How a card is used can be said to every command that looks for one.
class CardOptionsTest {
    /// What commands need beside: nothing of it is there, and nothing is looked at before the settings of the card.
    private static final Map<String, String> NEEDED = Map.of(
            "eval", "--model none --data none --benchmark aime24 --out none",
            "forward", "--model none --input none --output none",
            "generate", "--model none --prompt x",
            "inspect", "none --plan",
            "sft", "--model none --data none --out none");

    private static Map<String, CommandLine> commands() {
        return new CommandLine(new Main()).getSubcommands();
    }

    static List<String> commandsOfADevice() {
        return Stream.concat(Stream.of("devices"), commands().entrySet().stream()
                .filter(command -> command.getValue().getCommandSpec().findOption("--device") != null)
                .map(Map.Entry::getKey)).toList();
    }

    @Test
    void theyAreTheseCommands() {
        assertThat(commandsOfADevice()).containsExactlyInAnyOrder("devices", "doctor", "train", "compare", "sft",
                "eval", "generate", "forward", "inspect");
    }

    @ParameterizedTest
    @MethodSource("commandsOfADevice")
    void theHelpNamesTheKeys(String command) {
        String help = commands().get(command).getUsageMessage().lines().map(String::strip)
                .collect(Collectors.joining(" "));
        assertThat(help).contains("gpu.products", "gpu.graphs");
    }

    @ParameterizedTest
    @MethodSource("commandsOfADevice")
    void aValueThatDoesNotFitIsRefusedBeforeAnythingElseIsLookedAt(String command) {
        List<String> line = new ArrayList<>(List.of(command));
        line.addAll(List.of(NEEDED.getOrDefault(command, "").split(" ")));
        line.removeIf(String::isEmpty);
        line.addAll(List.of("--set", "gpu.graphs=maybe"));
        CapturedRun run = CapturedRun.of("", line.toArray(String[]::new));
        assertThat(run.exitCode()).isOne();
        assertThat(run.err().lines()).singleElement()
                .isEqualTo("error: --set gpu.graphs=maybe: must be on or off");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void aCommandWithoutAConfigurationHasNoOtherKeys() {
        CapturedRun run = CapturedRun.of("", "devices", "--set", "steps=3");
        assertThat(run.exitCode()).isOne();
        assertThat(run.err()).startsWith("error: --set steps is unknown; known: gpu.binding, gpu.graphs, "
                + "gpu.libraries, ");
    }
}
