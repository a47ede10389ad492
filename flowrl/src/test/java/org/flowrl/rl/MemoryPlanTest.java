package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.assertj.core.data.Percentage;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.cpu.PlanBackend;
import org.flowrl.transformer.Lora;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Plans against what the vector backend really takes.
class MemoryPlanTest {
    /// The acceptance bound of the project's plan of work.
    private static final double TOLERANCE_PERCENT = 5;
    private static final int THREADS = 2;
    private static final MemoryPlan.Machine CPU = MemoryPlan.Machine.cpu(THREADS);
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
            MemoryPlan plan = MemoryPlan.train(run.policy().model().config(), config, LATTICE, CPU);
            assertAgrees(plan, backend);
        }
    }

    @ParameterizedTest
    @CsvSource({"false, 0, F32, F32", "true, 0, F32, F32", "false, 0, BF16, F32", "false, 8, F32, F32",
        "true, 8, BF16, F32", "false, 0, F32, BF16", "true, 0, BF16, BF16", "true, 8, F32, BF16"})
    void aTrainingStepOfASmallModelTakesWhatItsPlanSays(boolean recomputes, String rank, String weights,
            String moments) {
        TrainConfig config = ConfigFile.with(config(recomputes), Map.of("lora.rank", rank, "weights", weights,
                "update.optimizer.adam.moments", moments));
        MemoryPlan plan = MemoryPlan.train(SMALL, config, SHORT, CPU);
        try (Backend backend = Backends.open("vector", THREADS).backend()) {
            PlannedPrograms.train(backend, SMALL, config, SHORT);
            assertAgrees(plan, backend);
            assertReserveAgrees(plan, backend);
        }
    }

    /// The policy is the reference and adapters: one model, of which nothing is trained.
    @Test
    void adaptersTakeTheMemoryOfAllThatIsTrainedOfTheModel() {
        MemoryPlan.Machine card = MemoryPlan.Machine.card(PlanBackend.Card.USUAL);
        TrainConfig whole = ConfigFile.with(config(false), Map.of("weights", "BF16"));
        MemoryPlan adapted = MemoryPlan.train(SMALL, ConfigFile.with(whole, Map.of("lora.rank", "4")), SHORT, card);
        assertThat(adapted.parts()).extracting(MemoryPlan.Part::name).startsWith("frozen model: packed copies, BF16",
                "frozen model: embedding, norms, biases, F32", "adapters: weights, F32", "modules of the objective",
                "gradients", "moments");
        long model = MemoryPlan.generate(SMALL, Lora.NONE, DType.BF16, SHORT, card).residentBytes();
        assertThat(adapted.parts().get(0).bytes() + adapted.parts().get(1).bytes()).isLessThan(model);
        assertThat(adapted.residentBytes()).isLessThan(MemoryPlan.train(SMALL, whole, SHORT, card).residentBytes() / 3);
    }

    /// Gradients and either moment have as many elements; the pool rounds the sizes of small blocks up.
    @Test
    void momentsInBfloat16TakeHalfOfTheMemory() {
        MemoryPlan wide = MemoryPlan.train(SMALL, config(false), SHORT, CPU);
        MemoryPlan narrow = MemoryPlan.train(SMALL, ConfigFile.with(config(false),
                Map.of("update.optimizer.adam.moments", "BF16")), SHORT, CPU);
        long saved = wide.residentBytes() - narrow.residentBytes();
        assertThat(bytes(narrow, "moments, BF16")).isCloseTo(bytes(wide, "moments") / 2,
                Percentage.withPercentage(1));
        assertThat(bytes(narrow, "gradients")).isCloseTo(bytes(wide, "gradients"), Percentage.withPercentage(1));
        assertThat(saved).isCloseTo(bytes(wide, "moments") / 2, Percentage.withPercentage(1));
    }

    private static long bytes(MemoryPlan plan, String part) {
        return plan.parts().stream().filter(candidate -> candidate.name().equals(part))
                .mapToLong(MemoryPlan.Part::bytes).findFirst().orElseThrow();
    }

    @Test
    void recomputingActivationsLowersThePlan() {
        MemoryPlan kept = MemoryPlan.train(SMALL, config(false), SHORT, CPU);
        MemoryPlan recomputed = MemoryPlan.train(SMALL, config(true), SHORT, CPU);
        assertThat(recomputed.poolBytes()).isLessThan(kept.poolBytes());
        assertThat(recomputed.residentBytes()).isEqualTo(kept.residentBytes());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void aSupervisedStepTakesWhatItsPlanSays(DType moments) {
        AdamW.Settings adam = ConfigFile.with(AdamW.Settings.defaults(),
                Map.of("update.optimizer.adam.moments", moments.toString()));
        MemoryPlan plan = MemoryPlan.sft(SMALL, adam, SHORT, 8, CPU);
        try (Backend backend = Backends.open("vector", THREADS).backend()) {
            PlannedPrograms.sft(backend, SMALL, adam, SHORT, 8);
            assertAgrees(plan, backend);
            assertReserveAgrees(plan, backend);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void samplingTakesWhatItsPlanSays(DType packed) {
        MemoryPlan plan = MemoryPlan.generate(SMALL, Lora.NONE, packed, SHORT, CPU);
        try (Backend backend = Backends.open("vector", THREADS).backend()) {
            PlannedPrograms.sample(backend, SMALL, packed, SHORT, Set.of());
            assertAgrees(plan, backend);
            assertReserveAgrees(plan, backend);
        }
    }

    /// What decides how mini-batches are cut, against what the cut really holds.
    @Test
    void theActivationsOfAMicroBatchAreWhatItsBudgetSays() {
        MemoryPlan.Load one = new MemoryPlan.Load(1, 2, 64, 193);
        MemoryPlan plan = MemoryPlan.train(SMALL, config(false), one, MemoryPlan.Machine.cpu(1));
        MemoryPlan.Part update = plan.parts().getLast();
        try (Backend backend = Backends.open("reference", 1).backend();
             Scope scope = Scope.root("real", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            long budget = 256 * new Policy(backend, new RandomWeights(SMALL).load(store), store)
                    .activationBytesPerPosition();
            // Block sizes are rounded up by less than a quarter; the head and the loss are not in the budget.
            assertThat(update.bytes()).isCloseTo(budget, Percentage.withPercentage(25));
        }
    }

    @Test
    void thePartsAddUpToWhatIsHeldAtOnce() {
        MemoryPlan plan = MemoryPlan.train(SMALL, config(false), SHORT, CPU);
        long transientMost = plan.parts().stream().filter(part -> part.name().startsWith("update"))
                .mapToLong(MemoryPlan.Part::bytes).max().orElseThrow();
        assertThat(plan.poolBytes()).isEqualTo(plan.residentBytes() + transientMost);
        assertThat(plan.reservedBytes()).isGreaterThanOrEqualTo(plan.poolBytes());
        assertThat(plan.totalBytes()).isEqualTo(plan.reservedBytes() + plan.workspaceBytes());
    }

    @Test
    void aStepThatCannotBeCutIntoItsUpdatesIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> MemoryPlan.train(SMALL, config(false),
                new MemoryPlan.Load(1, 3, 4, 4), CPU))
                .withMessage("plan: update.miniBatches 2 must divide 3 responses");
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
}
