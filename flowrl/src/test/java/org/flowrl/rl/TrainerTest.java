package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.TrainConfig.Course;
import org.flowrl.rl.TrainConfig.Overlong;
import org.flowrl.rl.objective.Advantages;
import org.flowrl.rl.objective.Critic;
import org.flowrl.rl.objective.CriticSettings;
import org.flowrl.rl.objective.Estimator;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.LogZSettings;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.objective.PolicyGradientSettings;
import org.flowrl.rl.task.Lattice;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TrainerTest {
    private static Backend backend;

    @BeforeAll
    static void open() {
        backend = Backends.open("cpu", 1).backend();
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @Test
    void verlsRateStartsAt0AndRisesByRollout() {
        TrainConfig.Optimizer verl = new TrainConfig.Optimizer(2, 10, 100, 0.05, AdamW.Settings.defaults(),
                Course.VERL_CONSTANT);
        double[] rates = IntStream.of(0, 1, 2, 9, 10, 11, 1000).mapToDouble(verl::rate).toArray();
        assertThat(rates).containsExactly(new double[] {0, 0.2, 0.4, 1.8, 2, 2, 2}, within(1e-15));
    }

    @Test
    void withVerlsRateTheFirstStepDoesNotMoveThePolicyAndTheSecondDoes() {
        TrainConfig config = ConfigFile.with(SmallRuns.config("flowrl", Map.of("rollout.samples", "4")),
                Map.of("update.optimizer.course", "verl_constant", "update.optimizer.adam.weightDecay", "0.1"));
        try (LatticeTrainer small = LatticeTrainer.open(backend, config)) {
            double[] before = weights(small);
            small.trainer().step(0);
            assertThat(weights(small)).isEqualTo(before);
            small.trainer().step(1);
            assertThat(weights(small)).isNotEqualTo(before);
        }
    }

    /// Checklist point 13: norms, biases and the log Z net lose their share too. AdamW adds −rate · decay · θ to what
    /// it does without, so two runs of one update differ by that, up to an F32 rounding of θ and of the update.
    @Test
    void decayIsOfEveryParameter() {
        Map<String, String> once = Map.of("update.miniBatches", "1", "update.optimizer.learningRate", "0.1");
        double share = 0.1 / 10 * 0.5;                       // the first of 10 steps of the rise, decay 0.5
        List<double[]> start;
        List<double[]> plain;
        List<double[]> decayed;
        try (LatticeTrainer small = LatticeTrainer.open(backend, SmallRuns.config("flowrl", once))) {
            start = allWeights(small);
            small.trainer().step(0);
            plain = allWeights(small);
        }
        try (LatticeTrainer small = LatticeTrainer.open(backend, ConfigFile.with(SmallRuns.config("flowrl", once),
                Map.of("update.optimizer.adam.weightDecay", "0.5")))) {
            small.trainer().step(0);
            decayed = allWeights(small);
        }
        assertThat(start).hasSize(2);
        for (int store = 0; store < start.size(); store++) {
            double[] first = start.get(store);
            assertThat(Arrays.stream(first).filter(x -> x == 1).count()).as("norms").isPositive();
            for (int i = 0; i < first.length; i++) {
                assertThat(decayed.get(store)[i] - plain.get(store)[i]).isCloseTo(-share * first[i], within(1e-6));
            }
        }
    }

    @Test
    void whileTheCriticWarmsUpItAloneIsTrained() {
        ObjectiveSettings ppo = PolicyGradientSettings.ppo().withEstimator(
                new Estimator.Gae(1, 1, true, CriticSettings.defaults().withWarmUpSteps(2)));
        try (LatticeTrainer small = LatticeTrainer.open(backend,
                SmallRuns.config("flowrl", Map.of()).withObjective(ppo))) {
            double[] policy = weights(small);
            double[] critic = criticWeights(small);
            Map<String, Double> metrics = small.trainer().step(0).metrics();
            small.trainer().step(1);
            assertThat(weights(small)).isEqualTo(policy);
            assertThat(criticWeights(small)).isNotEqualTo(critic);
            assertThat(metrics).containsKeys("value/loss", "value/grad_norm", "value/mean", "value/clip_share")
                    .doesNotContainKeys("loss", "policy/grad_norm").containsEntry("policy/learning_rate", 0.0);

            Map<String, Double> third = small.trainer().step(2).metrics();
            assertThat(weights(small)).isNotEqualTo(policy);
            assertThat(third).containsKeys("loss", "policy/grad_norm", "value/loss");
            assertThat(small.trainer().learners()).extracting(learner -> learner.optimizer().steps())
                    .containsExactly(2L, 6L);
        }
    }

    /// δ is 3e38; twice that is beyond F32, and so is its square.
    @Test
    void anUpdateWhoseGradientIsNotFiniteChangesNothingAndIsCounted() {
        FlowRlSettings huge = FlowRlSettings.recipe202512().withLogZ(new LogZSettings.Constant(3e38));
        try (LatticeTrainer small = LatticeTrainer.open(backend,
                SmallRuns.config("flowrl", Map.of()).withObjective(huge))) {
            double[] before = weights(small);
            Trainer.StepResult result = small.trainer().step(0);
            assertThat(weights(small)).isEqualTo(before);
            assertThat(result.metrics()).containsEntry("policy/skipped_updates_share", 1.0);
            Trainer.Learner learner = small.trainer().learners().getFirst();
            assertThat(learner.gradients().arena(small.policy().parameters()).toDoubles()).containsOnly(0);
            assertThat(learner.optimizer().steps()).isZero();
        }
    }

    @Test
    void everyEpochIsAPassInAnOrderOfItsOwn() {
        TrainConfig config = ConfigFile.with(SmallRuns.config("grpo", Map.of("rollout.samples", "8")),
                Map.of("update.epochs", "3"));
        try (LatticeTrainer small = LatticeTrainer.open(backend, config)) {
            small.trainer().step(0);
            assertThat(small.trainer().learners().getFirst().optimizer().steps()).isEqualTo(6);
            List<List<Integer>> passes = passes(small, 5);
            assertThat(passes).hasSize(3).allSatisfy(pass -> assertThat(pass)
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 16).boxed().toList()));
            assertThat(Set.copyOf(passes)).hasSize(3);
            assertThat(passes(small, 5)).isEqualTo(passes);
            assertThat(passes(small, 6).getFirst()).isNotEqualTo(passes.getFirst());
        }
    }

    /// Checklist point 22.
    @Test
    void aStepReportsWhatTheChecklistAsksFor() {
        try (LatticeTrainer small = LatticeTrainer.open(backend, SmallRuns.config("flowrl", Map.of()))) {
            assertThat(small.trainer().step(0).metrics()).containsKeys("loss", "flowrl/log_z", "flowrl/log_z_std",
                    "ratio/mean", "ratio/max", "ratio/clipped_share", "policy/kl_to_old", "policy/kl_to_reference",
                    "policy/grad_norm", "groups/mixed_share", "response/length_mean", "verdict/correct_share",
                    "flowrl/attained_log_ratio", "flowrl/demanded_log_ratio");
        }
    }

    @ParameterizedTest
    @CsvSource({"6144, 8192, 4096, 1, -0.5", "8192, 8192, 4096, 1, -1", "4096, 8192, 4096, 1, 0", "1, 8192, 4096, 1, 0",
        "5120, 8192, 4096, 2, -0.5", "8192, 8192, 4096, 0, 0"})
    void thePenaltyForLengthGrowsOverTheLastTokens(int length, int limit, int buffer, double factor, double penalty) {
        assertThat(new Overlong(buffer, factor).penalty(length, limit)).isEqualTo(penalty);
    }

    /// Every second response is right, but to one problem alone: groups of all others are of equal rewards.
    @Test
    void promptsAreDrawnAgainUntilThereAreGroupsOfDifferentRewards() {
        String hard = "lattice-4-4";
        int[] asked = new int[1];
        Verifier half = (problem, text, finished) -> problem.id().equals(hard) && asked[0]++ % 2 == 0
                ? new Verdict.Correct(1) : new Verdict.Wrong(0);
        MetricSums metrics = new MetricSums();
        Rollout rollout = sample(half, 4, metrics);

        assertThat(rollout.groups()).isEqualTo(2);
        assertThat(rollout.groupIndices()).containsExactly(0, 0, 0, 0, 1, 1, 1, 1);
        // Each generation asks 2 of the 5 problems in a random order without repeats: 4 generations ask 8 times.
        Map<String, Double> values = metrics.values();
        double generations = values.get("rollout/generations");
        double filled = values.get("rollout/filled_groups_share");
        assertThat(generations).isBetween(2.0, 4.0);
        assertThat(values.get("groups/mixed_share")).isEqualTo(1 - filled);
        assertThat(values.get("rollout/dropped_groups")).isEqualTo(2 * generations - 2);
        Set<List<Integer>> prompts = Set.copyOf(rollout.responses().stream()
                .filter(response -> response.verdict() instanceof Verdict.Correct)
                .map(response -> IntStream.of(response.prompt()).boxed().toList()).toList());
        assertThat(prompts).hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void whereNoGroupHasDifferentRewardsTheLastOnesFillTheStep() {
        MetricSums metrics = new MetricSums();
        Set<String> asked = new HashSet<>();
        Rollout rollout = sample((problem, _, _) -> {
            asked.add(problem.id());
            return new Verdict.Wrong(0);
        }, 3, metrics);
        assertThat(rollout.responses()).hasSize(8);
        assertThat(asked).as("other prompts than the first two").hasSizeGreaterThan(2);
        assertThat(metrics.values()).containsEntry("rollout/generations", 3.0)
                .containsEntry("rollout/filled_groups_share", 1.0).containsEntry("rollout/dropped_groups", 4.0);
    }

    /// With a buffer of the whole limit L a response of T tokens loses T / (2 L). That tells wrong answers apart in
    /// reward, and is no reason to keep their group.
    @Test
    void longResponsesEarnLessAndAPenaltyForLengthKeepsNoGroup() {
        int limit = new Lattice(8).maxResponseTokens();
        MetricSums metrics = new MetricSums();
        Rollout rollout = sample((_, _, _) -> new Verdict.Wrong(0),
                new TrainConfig.RolloutSettings(2, 4, 1, 2, new Overlong(limit, 0.5)), metrics);
        assertThat(Arrays.stream(rollout.lengths()).distinct().count()).isGreaterThan(1);
        assertThat(rollout.responses()).hasSize(8).allSatisfy(response ->
                assertThat(response.reward()).isEqualTo(-0.5 * response.tokens().length / limit));
        Map<String, Double> values = metrics.values();
        assertThat(values).containsEntry("rollout/generations", 2.0).containsEntry("rollout/filled_groups_share", 1.0);
        assertThat(values.get("reward/length_penalty")).isCloseTo(values.get("reward/mean"), within(1e-15));
    }

    @Test
    void oneGenerationTakesGroupsAsTheyCome() {
        MetricSums metrics = new MetricSums();
        sample((_, _, _) -> new Verdict.Wrong(0), 1, metrics);
        assertThat(metrics.values()).doesNotContainKey("rollout/generations")
                .containsEntry("groups/mixed_share", 0.0);
    }

    /// One problem alone, asked twice a step: what is drawn is a matter of step, generation, slot and sample.
    @Test
    void everyGroupOfEveryGenerationOfEveryStepIsDrawnAnew() {
        try (LatticeTrainer small = LatticeTrainer.open(backend, SmallRuns.config("flowrl", Map.of()))) {
            Questions lattice = Questions.of(new Lattice(8));
            Questions one = new Questions(new Epochs<>(List.of(lattice.problems().items().getFirst())),
                    lattice.tokenizer(), lattice.endTokens(), (_, _, _) -> new Verdict.Wrong(0),
                    lattice.maxResponseTokens(), lattice.promptTokens());
            Set<List<Integer>> groups = new HashSet<>();
            for (int generations = 1; generations <= 2; generations++) {
                TrainConfig.RolloutSettings settings = new TrainConfig.RolloutSettings(2, 4, 1)
                        .withMaxGenerations(generations);
                Sampler sampler = new Sampler(small.scope(), small.policy(), one, settings, RandomKey.of(3));
                for (long step = 0; step < 2; step++) {
                    Rollout rollout = sampler.sample(step, new MetricSums());
                    for (int group = 0; group < 2; group++) {
                        groups.add(tokens(rollout, group));
                    }
                }
            }
            assertThat(groups).hasSize(8);
        }
    }

    /// All tokens of a group's responses, one after the other.
    private static List<Integer> tokens(Rollout rollout, int group) {
        return rollout.responses().stream().filter(response -> response.group() == group)
                .flatMapToInt(response -> IntStream.of(response.tokens())).boxed().toList();
    }

    /// Four responses, two mini-batches and two passes: each optimizer step has a key of its own, for dropout, and the
    /// ids of half the rollout.
    @Test
    void everyOptimizerStepHasAKeyOfItsOwnAndItsShareOfTheRollout() {
        TrainConfig config = ConfigFile.with(SmallRuns.config("grpo", Map.of()), Map.of("update.epochs", "2"));
        List<Batch> batches = new ArrayList<>();
        try (LatticeTrainer small = LatticeTrainer.open(backend, config, objective -> new Overheard(objective,
                batches))) {
            small.trainer().step(0);
            small.trainer().step(1);
        }
        assertThat(batches).hasSize(8).allSatisfy(batch -> assertThat(batch.miniBatchRows()).isEqualTo(2));
        assertThat(batches.stream().map(Batch::key).distinct()).hasSize(8);
        for (int pass = 0; pass < 4; pass++) {
            assertThat(batches.subList(2 * pass, 2 * pass + 2).stream().flatMapToInt(batch ->
                    IntStream.of(batch.rowIds())).boxed()).containsExactlyInAnyOrder(0, 1, 2, 3);
        }
    }

    /// An objective whose batches are noted.
    private record Overheard(Objective objective, List<Batch> batches) implements Objective {
        @Override
        public Var loss(PolicyOutput output, Batch batch, MetricSums metrics) {
            batches.add(batch);
            return objective.loss(output, batch, metrics);
        }

        @Override
        public boolean needsReference() {
            return objective.needsReference();
        }

        @Override
        public PromptStates promptStates() {
            return objective.promptStates();
        }

        @Override
        public Targets targets(ScoredRollout rollout, RandomKey key, MetricSums metrics) {
            return objective.targets(rollout, key, metrics);
        }

        @Override
        public List<AdamW.Group> modules() {
            return objective.modules();
        }

        @Override
        public Optional<Critic> critic() {
            return objective.critic();
        }

        @Override
        public Optional<String> warning(Map<String, Double> metrics) {
            return objective.warning(metrics);
        }

        @Override
        public String state() {
            return objective.state();
        }

        @Override
        public void restore(String state) {
            objective.restore(state);
        }
    }

    /// An objective whose targets and loss are what is given.
    private record Faulty(Targets targets, Function<PolicyOutput, Var> loss) implements Objective {
        @Override
        public Targets targets(ScoredRollout rollout, RandomKey key, MetricSums metrics) {
            return targets;
        }

        @Override
        public Var loss(PolicyOutput output, Batch batch, MetricSums metrics) {
            return loss.apply(output);
        }
    }

    static Stream<Arguments> faults() {
        return Stream.of(arguments(Targets.of(new double[1][9]),
                        "targets: advantages of grpo has 1 rows; it must have one for each of 4 responses"),
                arguments(Targets.of(new double[4][0]), "targets: advantages of grpo, response 0, has 0 values"),
                arguments(new Targets(null, new double[4][100], null),
                        "targets: returns of grpo, response 0, has 100 values"),
                arguments(new Targets(null, null, new double[3]),
                        "targets: logZ of grpo has 3 values; it must have one for each of 4 responses"),
                arguments(new Targets(null, null, null), "trainer: the loss of grpo is F32["));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void anObjectiveOfOnesOwnIsToldWhatItGivesWrong(Targets targets, String message) {
        try (LatticeTrainer small = LatticeTrainer.open(backend, SmallRuns.config("grpo", Map.of()), _ ->
                new Faulty(targets, PolicyOutput::logProbs))) {
            assertThatThrownBy(() -> small.trainer().step(0)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(message);
        }
    }

    @Test
    void samplesThatAnObjectiveCannotUseAreRefusedWhenTheConfigurationIsRead() {
        TrainConfig grpo = SmallRuns.config("grpo", Map.of());
        assertThatThrownBy(() -> ConfigFile.with(grpo, Map.of("rollout.samples", "1")))
                .hasMessageContaining("rollout.samples 1 must be at least 2 for grpo");
        assertThatThrownBy(() -> ConfigFile.with(SmallRuns.config("flowrl", Map.of("rollout.samples", "1")),
                Map.of("objective.logZ", "{kind: group_mean}"))).hasMessageContaining("at least 2 for flowrl");
        assertThatThrownBy(() -> ConfigFile.with(SmallRuns.config("flowrl", Map.of("rollout.samples", "1")),
                Map.of("rollout.maxGenerations", "2"))).hasMessageContaining("rollout.maxGenerations 2 needs");
        assertThat(SmallRuns.config("ppo", Map.of("rollout.samples", "1")).objective().minimumSamples()).isEqualTo(1);
        assertThat(PolicyGradientSettings.grpo().withAdvantages(Advantages.RAW).minimumSamples()).isEqualTo(1);
    }

    @Test
    void aPlanOfPpoCountsTheCritic() {
        TrainConfig grpo = SmallRuns.config("grpo", Map.of());
        TrainConfig ppo = SmallRuns.config("ppo", Map.of());
        MemoryPlan.Load load = new MemoryPlan.Load(2, 2, 4, 9);
        var model = Presets.model("nano", new Lattice(8).tokenizer().orElseThrow(), 13);
        long policy = MemoryPlan.train(model, grpo, load, MemoryPlan.Machine.cpu(1)).residentBytes();
        long both = MemoryPlan.train(model, ppo, load, MemoryPlan.Machine.cpu(1)).residentBytes();
        // The policy with packed copies, the reference's packed copies, gradients and moments of the policy: 2 + 1 + 3
        // arenas; a critic adds its own with a packed copy, gradients and moments: 5. Packed copies leave out vectors.
        assertThat((double) both / policy).isBetween(11 / 6.0 - 0.1, 11 / 6.0 + 0.1);
    }

    private static Rollout sample(Verifier verifier, int generations, MetricSums metrics) {
        return sample(verifier, new TrainConfig.RolloutSettings(2, 4, 1).withMaxGenerations(generations), metrics);
    }

    private static Rollout sample(Verifier verifier, TrainConfig.RolloutSettings settings, MetricSums metrics) {
        TrainConfig config = SmallRuns.config("flowrl", Map.of());
        try (LatticeTrainer small = LatticeTrainer.open(backend, config)) {
            Questions lattice = Questions.of(new Lattice(8));
            Questions questions = new Questions(lattice.problems(), lattice.tokenizer(), lattice.endTokens(), verifier,
                    lattice.maxResponseTokens(), lattice.promptTokens());
            return new Sampler(small.scope(), small.policy(), questions, settings, RandomKey.of(3))
                    .sample(0, metrics);
        }
    }

    private static List<List<Integer>> passes(LatticeTrainer small, long step) {
        return IntStream.range(0, 3).mapToObj(epoch -> IntStream.of(small.trainer().order(step, epoch, 16)).boxed()
                .toList()).toList();
    }

    /// Of the policy and of the objective's modules.
    private static List<double[]> allWeights(LatticeTrainer small) {
        return small.trainer().learners().getFirst().stores().stream().map(store -> store.arena().toDoubles()).toList();
    }

    private static double[] weights(LatticeTrainer small) {
        return small.policy().parameters().arena().toDoubles();
    }

    private static double[] criticWeights(LatticeTrainer small) {
        return small.trainer().learners().getLast().stores().getFirst().arena().toDoubles();
    }
}
