package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.data.Percentage;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Generator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Plans against what the vector backend really takes.
class MemoryPlanTest {
    /// The acceptance bound of the project's plan of work.
    private static final double TOLERANCE_PERCENT = 5;
    private static final int THREADS = 2;
    private static final MemoryPlan.Load LATTICE = new MemoryPlan.Load(20, 16, 4, 9);
    /// Wide enough in every direction that weights, chunk buffers and activations all count.
    private static final QwenConfig SMALL = QwenConfig.tiny(5000, 128, 4, 256);
    private static final MemoryPlan.Load SHORT = new MemoryPlan.Load(4, 4, 24, 40);

    /// The lattice preset as `train` runs it: after the warm-up nearly all responses have the length that the task
    /// allows.
    @Test
    void theLatticePresetTakesWhatItsPlanSays(@TempDir Path folder) {
        TrainConfig config = ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("warmUp.steps", "60",
                "steps", "3", "evaluateEvery", "1000"));
        try (Backend backend = Backends.open("vector", THREADS).backend();
             TrainingRun run = TrainingRun.start(backend, config, folder.resolve("run"), SmallRuns.SILENT)) {
            run.train();
            MemoryPlan plan = MemoryPlan.train(run.policy().model().config(), config, DType.F32, LATTICE, THREADS);
            assertAgrees(plan, backend);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTrainingStepOfASmallModelTakesWhatItsPlanSays(boolean recomputes) {
        TrainConfig config = config(recomputes);
        MemoryPlan plan = MemoryPlan.train(SMALL, config, DType.F32, SHORT, THREADS);
        try (Backend backend = Backends.open("vector", THREADS).backend();
             Scope scope = Scope.root("real", backend.memory())) {
            Policy policy = policy(backend, scope, DType.F32);
            Policy reference = policy(backend, scope, DType.F32);
            reference.parameters().freeze();
            Trainer trainer = new Trainer(scope, policy, reference, config.objective().create(
                    new ObjectiveSettings.Context(backend, scope, DType.F32, SMALL.hiddenSize(), RandomKey.of(3))),
                    null, config);
            generate(policy, backend, scope);
            trainer.update(0, trainer.score(0, rollout(), new MetricSums()), new MetricSums());
            assertAgrees(plan, backend);
            assertReserveAgrees(plan, backend);
        }
    }

    @Test
    void recomputingActivationsLowersThePlan() {
        MemoryPlan kept = MemoryPlan.train(SMALL, config(false), DType.F32, SHORT, THREADS);
        MemoryPlan recomputed = MemoryPlan.train(SMALL, config(true), DType.F32, SHORT, THREADS);
        assertThat(recomputed.poolBytes()).isLessThan(kept.poolBytes());
        assertThat(recomputed.residentBytes()).isEqualTo(kept.residentBytes());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void samplingTakesWhatItsPlanSays(DType packed) {
        MemoryPlan plan = MemoryPlan.generate(SMALL, packed, SHORT, THREADS);
        try (Backend backend = Backends.open("vector", THREADS).backend();
             Scope scope = Scope.root("real", backend.memory())) {
            generate(policy(backend, scope, packed), backend, scope);
            assertAgrees(plan, backend);
            assertReserveAgrees(plan, backend);
        }
    }

    /// What decides how mini-batches are cut, against what the cut really holds.
    @Test
    void theActivationsOfAMicroBatchAreWhatItsBudgetSays() {
        MemoryPlan.Load one = new MemoryPlan.Load(1, 2, 64, 193);
        MemoryPlan plan = MemoryPlan.train(SMALL, config(false), DType.F32, one, 1);
        MemoryPlan.Part update = plan.parts().getLast();
        try (Backend backend = Backends.open("reference", 1).backend();
             Scope scope = Scope.root("real", backend.memory())) {
            long budget = 256 * policy(backend, scope, DType.F32).activationBytesPerPosition();
            // Block sizes are rounded up by less than a quarter; the head and the loss are not in the budget.
            assertThat(update.bytes()).isCloseTo(budget, Percentage.withPercentage(25));
        }
    }

    @Test
    void thePartsAddUpToWhatIsHeldAtOnce() {
        MemoryPlan plan = MemoryPlan.train(SMALL, config(false), DType.F32, SHORT, THREADS);
        long transientMost = plan.parts().stream().filter(part -> part.name().startsWith("update"))
                .mapToLong(MemoryPlan.Part::bytes).max().orElseThrow();
        assertThat(plan.poolBytes()).isEqualTo(plan.residentBytes() + transientMost);
        assertThat(plan.reservedBytes()).isGreaterThanOrEqualTo(plan.poolBytes());
        assertThat(plan.totalBytes()).isEqualTo(plan.reservedBytes() + plan.workspaceBytes());
    }

    @Test
    void aStepThatCannotBeCutIntoItsUpdatesIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> MemoryPlan.train(SMALL, config(false), DType.F32,
                new MemoryPlan.Load(1, 3, 4, 4), 1)).withMessage("plan: update.miniBatches 2 must divide 3 responses");
    }

    private static void assertAgrees(MemoryPlan plan, Backend real) {
        long pool = real.memory().highWaterBytes();
        assertThat(plan.poolBytes()).as("pool").isCloseTo(pool, Percentage.withPercentage(TOLERANCE_PERCENT));
        assertThat(plan.poolBytes() + plan.workspaceBytes()).as("pool and chunk buffers").isCloseTo(
                pool + real.workspaceBytes(), Percentage.withPercentage(TOLERANCE_PERCENT));
    }

    /// What the pool keeps depends on the order of all that was ever taken, which is the same here.
    private static void assertReserveAgrees(MemoryPlan plan, Backend real) {
        assertThat(plan.totalBytes()).isCloseTo(real.memory().bytesReserved() + real.workspaceBytes(),
                Percentage.withPercentage(TOLERANCE_PERCENT));
    }

    private static TrainConfig config(boolean recomputes) {
        return ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("rollout.prompts", "4",
                "rollout.samples", "4", "update.microBatchMebibytes", "8",
                "update.recomputeActivations", Boolean.toString(recomputes)));
    }

    private static Policy policy(Backend backend, Scope scope, DType packed) {
        ParameterStore store = new ParameterStore(backend, scope, DType.F32, packed);
        Qwen model = Qwen.declare(store.root(), SMALL);
        store.allocate();
        store.initialize(RandomKey.of(1));
        return new Policy(backend, model, store);
    }

    /// Samples that no token ends.
    private static void generate(Policy policy, Backend backend, Scope scope) {
        new Generator(policy.model(), backend, scope).generate(Collections.nCopies(SHORT.prompts(),
                new int[SHORT.promptTokens()]), SHORT.samples(), SamplingLaw.ofTemperature(1), SHORT.responseTokens(),
                Set.of(), RandomKey.of(2));
    }

    private static Rollout rollout() {
        List<Response> responses = new ArrayList<>();
        for (int i = 0; i < SHORT.prompts() * SHORT.samples(); i++) {
            responses.add(new Response(i / SHORT.samples(), i % SHORT.samples(), new int[SHORT.promptTokens()],
                    new int[SHORT.responseTokens()], new float[SHORT.responseTokens()], false, "",
                    new Verdict.Wrong(i % 2)));
        }
        return new Rollout(responses, SHORT.prompts());
    }
}
