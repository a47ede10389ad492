package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.SharedData;
import org.flowrl.tensor.cpu.PlanBackend;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.Test;

/// A plan for every published configuration of the shared data, from 0.5B to 32B.
class MemoryPlanOracleTest {
    private static final MemoryPlan.Load LOAD = new MemoryPlan.Load(1, 2, 64, 8);

    @Test
    void everyPublishedDenseConfigurationHasAPlan() throws IOException {
        for (Path file : configurations()) {
            QwenConfig config = QwenConfig.read(file);
            MemoryPlan generate = MemoryPlan.generate(config, DType.BF16, LOAD, 16);
            MemoryPlan train = MemoryPlan.train(config, Presets.config("lattice", "flowrl"), DType.BF16, LOAD, 16);
            // F32 masters and BF16 copies; policy and reference, gradients and two moments. Block sizes are rounded up
            // by less than a quarter.
            long parameters = parameters(config);
            assertThat(generate.residentBytes()).as("%s", file.getFileName())
                    .isBetween(6 * parameters - 2L * config.vocabSize() * config.hiddenSize(), 8 * parameters);
            assertThat(train.residentBytes() - 2 * generate.residentBytes()).as("%s", file.getFileName())
                    .isBetween(12 * parameters, 14 * parameters);
            assertThat(train.totalBytes()).isGreaterThan(train.poolBytes()).isGreaterThan(generate.totalBytes());
        }
    }

    private static long parameters(QwenConfig config) {
        try (PlanBackend backend = new PlanBackend(1); Scope scope = Scope.root("count", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen.declare(store.root(), config);
            return store.parameterCount();
        }
    }

    private static List<Path> configurations() throws IOException {
        try (Stream<Path> files = Files.list(SharedData.path("configs"))) {
            return files.filter(file -> file.toString().endsWith(".config.json"))
                    // A mixture of experts is no supported model.
                    .filter(file -> !file.toString().contains("A3B")).sorted().toList();
        }
    }
}
