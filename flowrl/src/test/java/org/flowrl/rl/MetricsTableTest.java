package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `docs/metrics.md` against what runs log; tests run in the module's folder.
class MetricsTableTest {
    private static final Pattern ROW = Pattern.compile("\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\|");
    /// Only a backend whose sampler and trainer differ logs it: {@link CardTrainingTest} has one.
    private static final String OF_A_CARD = "ratio/sampler_mismatch_nats";
    private static final Map<String, String> SHORT = Map.of("steps", "1", "evaluateEvery", "1", "warmUp.steps", "1",
            "warmUp.batch", "2", "rollout.prompts", "2", "rollout.samples", "5");
    /// After which every well-formed answer of `modes` earns something: rewards differ.
    private static final Map<String, String> WELL_FORMED = Map.of("warmUp.steps", "60", "warmUp.batch", "32");

    @TempDir
    private static Path folder;

    private static final Map<String, Pattern> DOCUMENTED = new LinkedHashMap<>();
    private static final Set<String> LOGGED = new TreeSet<>();

    @BeforeAll
    static void readAndRun() throws IOException {
        for (String line : Files.readAllLines(Path.of("docs/metrics.md"))) {
            ROW.matcher(line).results().forEach(row -> DOCUMENTED.put(row.group(1), pattern(row.group(1))));
        }
        run("modes", "flowrl", WELL_FORMED);
        run("modes", "ppo", WELL_FORMED);
        run("lattice", "dapo", Map.of("rollout.overlong.factor", "1", "rollout.overlong.buffer", "2"));
        run("lattice", "grpo-kl-reward", Map.of());
        run("minicount-held-out", "grpo", Map.of());
        run("countdown", "grpo", Map.of());
    }

    /// Held-out problems have the names of those that are trained on.
    private static Pattern pattern(String name) {
        return Pattern.compile(name.replaceAll("[NK](?![A-Z])", "\\\\d+").replaceAll("KIND|GROUP", "[a-z_]+")
                .replace("exact/", "(exact|held_out)/").replace("evaluation/", "(evaluation|held_out)/"));
    }

    private static void run(String preset, String algorithm, Map<String, String> settings) {
        TrainConfig config = ConfigFile.with(ConfigFile.with(Presets.config(preset, algorithm), SHORT), settings);
        try (Backend backend = Backends.open("cpu", 1).backend();
                TrainingRun run = TrainingRun.start(backend, config, folder.resolve(preset + "-" + algorithm),
                        (step, steps, metrics) -> LOGGED.addAll(metrics.keySet()))) {
            run.run();
        }
    }

    @Test
    void everyLoggedMetricHasOneRow() {
        assertThat(LOGGED).hasSizeGreaterThan(80).allSatisfy(key -> assertThat(DOCUMENTED.entrySet())
                .filteredOn(row -> row.getValue().matcher(key).matches()).as(key).isNotEmpty());
    }

    @Test
    void everyRowIsOfAMetricThatIsLogged() {
        List<String> missing = new ArrayList<>(DOCUMENTED.keySet());
        missing.removeIf(name -> LOGGED.stream().anyMatch(DOCUMENTED.get(name).asMatchPredicate()));
        assertThat(missing).containsExactly(OF_A_CARD);
    }
}
