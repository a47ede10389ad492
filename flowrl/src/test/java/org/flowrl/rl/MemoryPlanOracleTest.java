package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.SharedData;
import org.flowrl.tensor.cpu.PlanBackend;
import org.flowrl.transformer.Lora;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.Test;

/// A plan for every published configuration of the shared data, from 0.5B to 32B.
class MemoryPlanOracleTest {
    private static final MemoryPlan.Machine CPU = MemoryPlan.Machine.cpu(16);
    private static final TrainConfig NARROW = ConfigFile.with(Presets.config("lattice", "flowrl"),
            Map.of("weights", "BF16"));
    private static final MemoryPlan.Load LOAD = new MemoryPlan.Load(1, 2, 64, 8);

    @Test
    void everyPublishedDenseConfigurationHasAPlan() throws IOException {
        for (Path file : configurations()) {
            QwenConfig config = QwenConfig.read(file);
            MemoryPlan generate = MemoryPlan.generate(config, Lora.NONE, DType.BF16, LOAD, CPU);
            MemoryPlan train = MemoryPlan.train(config, NARROW, LOAD, CPU);
            // To sample, BF16 copies of all matrices, and the embedding in F32: of P parameters, V · D of them the
            // embedding's, 2P + 2VD bytes where it is a matrix of its own and 2P + 4VD where it is the head, too.
            long parameters = parameters(config);
            long embedding = (long) config.vocabSize() * config.hiddenSize();
            assertThat(generate.residentBytes()).as("%s", file.getFileName())
                    .isBetween(2 * parameters + 2 * embedding, (long) (1.03 * (2 * parameters + 4 * embedding)));
            // To train, those of the reference and of the policy, masters in the place of the policy's embedding,
            // gradients and two moments: 16P − 4VD more than twice the former.
            assertThat(train.residentBytes() - 2 * generate.residentBytes()).as("%s", file.getFileName())
                    .isBetween(16 * parameters - 5 * embedding, 17 * parameters);
            assertThat(train.totalBytes()).isGreaterThan(train.poolBytes()).isGreaterThan(generate.totalBytes());
        }
    }

    /// A frozen base of 32B in BF16 is held on a card in the 65 GB of its file, and an embedding of F32.
    @Test
    void adaptersOfA32BModelTrainOnACardOf141Gigabytes() {
        QwenConfig config = QwenConfig.read(SharedData.path("configs").resolve("Qwen2.5-32B.config.json"));
        MemoryPlan plan = MemoryPlan.train(config, ConfigFile.with(NARROW, Map.of("lora.rank", "16")),
                new MemoryPlan.Load(20, 16, 512, 512), MemoryPlan.Machine.card(PlanBackend.Card.USUAL));
        MemoryPlan.Part frozen = plan.parts().getFirst();
        assertThat(frozen.name()).isEqualTo("frozen model: packed copies, BF16");
        assertThat(frozen.bytes()).isEqualTo(2 * (parameters(config) - vectors(config)));
        assertThat(plan.totalBytes()).isLessThan(141_000_000_000L);
    }

    /// Parameters that are no matrices of products: embedding, norms and biases.
    private static long vectors(QwenConfig config) {
        try (PlanBackend backend = PlanBackend.ofCard(PlanBackend.Card.USUAL);
             Scope scope = Scope.root("count", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen.declare(store.root(), config);
            return store.parameters().stream().filter(parameter -> parameter.shape().rank() == 1
                    || parameter.name().equals("model.embed_tokens.weight"))
                    .mapToLong(parameter -> parameter.shape().elements()).sum();
        }
    }

    private static long parameters(QwenConfig config) {
        try (PlanBackend backend = PlanBackend.ofCpu(1); Scope scope = Scope.root("count", backend.memory())) {
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
