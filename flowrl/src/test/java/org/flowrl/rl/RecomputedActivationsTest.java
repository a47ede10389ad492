package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Activation checkpointing is a matter of memory and time alone.
class RecomputedActivationsTest {
    @TempDir
    private Path folder;

    /// Weights, moments (which are sums of gradients), losses and gradient norms of two steps.
    @ParameterizedTest
    @CsvSource({"flowrl, vector", "grpo, vector", "flowrl, reference"})
    void theyGiveTheSameBits(String algorithm, String device) {
        Map<String, String> recomputed = Map.of("update.recomputeActivations", "true");
        assertThat(state(algorithm, device, recomputed)).isEqualTo(state(algorithm, device, Map.of()));
    }

    private String state(String algorithm, String device, Map<String, String> settings) {
        TrainConfig config = SmallRuns.config(algorithm, settings);
        Path own = folder.resolve(device + "-" + settings.size());
        StringBuilder state = new StringBuilder();
        TrainingRun.Observer observer = new TrainingRun.Observer() {
            @Override
            public void warmedUp(long step, long steps, double loss) {
                state.append(loss).append('\n');
            }

            @Override
            public void stepped(long step, long steps, Map<String, Double> metrics) {
                metrics.forEach((name, value) -> {
                    if (!name.startsWith("time/") && !name.startsWith("throughput/") && !name.startsWith("memory/")) {
                        state.append(name).append(' ').append(value).append('\n');
                    }
                });
            }
        };
        try (Backend backend = Backends.open(device, 2).backend();
             TrainingRun run = TrainingRun.start(backend, config, own, observer)) {
            run.train();
            state.append(Hashes.sha256(run.policy().parameters().arena()));
        }
        return state.append(Hashes.sha256(own.resolve("checkpoints/step-2/model.safetensors"))).toString();
    }
}
