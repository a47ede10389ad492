package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.autograd.GradCheck;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.LowRank;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;
import org.flowrl.transformer.ModelFixture.Scores;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoraTest {
    private static final Lora EVERY = new Lora(3, 6, Lora.TARGETS);
    private static final Lora SOME = new Lora(2, 5, List.of("v_proj", "down_proj"));
    private static final int[] LENGTHS = {5, 1, 19};

    static Stream<QwenConfig> configs() {
        return TinyConfigs.all().stream();
    }

    /// `base` with adapters as they are at the start: B is 0.
    private static Qwen fresh(ModelFixture base, Lora lora) {
        ParameterStore store = base.store().beside();
        Qwen adapted = base.model().adapted(store.root(), lora);
        store.allocate();
        store.initialize(RandomKey.of(31));
        return adapted;
    }

    /// `base` with adapters that matter.
    private static Qwen trained(ModelFixture base, Lora lora) {
        Qwen adapted = fresh(base, lora);
        ParameterStore store = adapted.adapters().orElseThrow();
        store.parameters().forEach(parameter -> store.set(parameter, normals(parameter.name(),
                parameter.shape().elements())));
        store.repack();
        return adapted;
    }

    private static double[] normals(String name, long count) {
        RandomKey key = RandomKey.of(32).fold(name);
        return IntStream.range(0, (int) count).mapToDouble(i -> 0.2 * key.normal(i)).toArray();
    }

    private static Scores score(ModelFixture base, Qwen model, List<int[]> sequences) {
        try (Tape tape = Tape.inference(base.backend(), base.scope())) {
            return base.scores(model.forward(tape, PackedSequences.of(tape.scope(), sequences)), sequences);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void adaptersStartAsTheBaseToTheBit(QwenConfig config) {
        try (ModelFixture base = ModelFixture.random(config, "cpu", 1, DType.F32, 33)) {
            List<int[]> sequences = ModelFixture.sequences(config, 34, LENGTHS);
            assertThat(score(base, fresh(base, EVERY), sequences)).usingRecursiveComparison()
                    .isEqualTo(base.score(sequences));
        }
    }

    /// W + (alpha / r) · B · A in the place of W, computed here in F64; on F64 models nothing else rounds, either.
    /// 1e-12 is a thousand roundings of logits of size 1.
    @ParameterizedTest
    @MethodSource("configs")
    void anAdaptedModelIsTheModelOfMergedWeights(QwenConfig config) {
        List<int[]> sequences = ModelFixture.sequences(config, 34, LENGTHS);
        for (Lora lora : List.of(EVERY, SOME)) {
            try (ModelFixture base = ModelFixture.random(config, "reference", 1, DType.F64, 33)) {
                Scores before = base.score(sequences);
                Qwen adapted = trained(base, lora);
                Scores scores = score(base, adapted, sequences);
                assertThat(scores.logits()).isNotEqualTo(before.logits());
                adapted.layers().forEach(LoraTest::merge);
                base.store().repack();
                assertThat(scores.logits()).containsExactly(base.score(sequences).logits(), within(1e-12));
            }
        }
    }

    private static void merge(QwenBlock block) {
        Stream.of(block.query(), block.key(), block.value(), block.output(), block.gate(), block.up(), block.down())
                .filter(linear -> linear.adapter() != null).forEach(LoraTest::merge);
    }

    private static void merge(Linear linear) {
        LowRank adapter = linear.adapter();
        double[] a = adapter.a().value().toDoubles();
        double[] b = adapter.b().value().toDoubles();
        double[] w = linear.weight().value().toDoubles();
        int rank = (int) adapter.a().shape().dim(0);
        int inputs = (int) adapter.a().shape().dim(1);
        for (int i = 0; i < w.length; i++) {
            for (int r = 0; r < rank; r++) {
                w[i] += adapter.scale() * b[i / inputs * rank + r] * a[r * inputs + i % inputs];
            }
        }
        linear.weight().store().set(linear.weight(), w);
    }

    /// 1e-6 is the bar of the project for finite differences.
    @ParameterizedTest
    @MethodSource("configs")
    void adaptersHaveTheGradientsOfFiniteDifferences(QwenConfig config) {
        try (GradCheck check = GradCheck.open(60, RandomKey.of(0))) {
            ParameterStore frozen = check.store();
            Qwen base = Qwen.declare(frozen.root(), config);
            frozen.allocate();
            ModelFixture.randomize(frozen, RandomKey.of(3));
            frozen.freeze();
            ParameterStore store = check.store();
            Qwen model = base.adapted(store.root(), EVERY);
            store.allocate();
            store.initialize(RandomKey.of(4));
            store.parameters().forEach(parameter -> store.set(parameter, normals(parameter.name(),
                    parameter.shape().elements())));
            store.repack();
            PackedSequences tokens = PackedSequences.of(check.scope(), List.of(new int[] {1, 4, 2}, new int[] {6, 0}));
            Tensor targets = check.scope().of(new int[] {4, 2, 5, 0, 3}, 5);
            check.check((tape, in) -> Head.logProbs(model.forward(tape, tokens), model.head(), targets, 1).logProb(),
                    List.of(store)).requireBelow(1e-6);
        }
    }

    /// The store of the base has no arena, which a gradient towards it would need.
    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void aFrozenBasePassesGradientsToItsAdaptersAndGivesTheSameBits(String backend) {
        QwenConfig config = TinyConfigs.qwen3();
        List<int[]> sequences = ModelFixture.sequences(config, 34, LENGTHS);
        try (ModelFixture whole = ModelFixture.random(config, backend, 1, DType.F32, 33);
             ModelFixture other = ModelFixture.random(config, backend, 1, DType.F32, 35)) {
            ParameterStore frozen = new ParameterStore(other.backend(), other.scope(), DType.F32);
            Qwen base = Qwen.declare(frozen.root(), config);
            frozen.allocateFrozen(true, parameter -> parameter.value()
                    .copyFrom(whole.store().named(parameter.name()).value().toFloats()));
            ParameterStore store = frozen.beside();
            Qwen model = base.adapted(store.root(), EVERY);
            store.allocate();
            store.initialize(RandomKey.of(31));

            assertThat(bits(base, other, sequences)).isEqualTo(bits(whole.model(), whole, sequences))
                    .isEqualTo(bits(model, other, sequences));
            Gradients gradients = new Gradients(other.scope(), List.of(store));
            try (Tape tape = Tape.recording(other.backend(), other.scope())) {
                Var hidden = model.forward(tape, PackedSequences.of(tape.scope(), sequences));
                int[] next = new int[Math.toIntExact(hidden.dim(0))];
                Var logProbs = Head.logProbs(hidden, model.head(), tape.scope().of(next, next.length), 1).logProb();
                tape.backward(logProbs, tape.scope().of(ones(next.length), next.length), gradients);
            }
            // B is 0 at the start, so that A has no gradient yet and every B has one.
            store.parameters().forEach(parameter -> assertThat(Arrays.stream(gradients.of(parameter).toDoubles())
                    .anyMatch(value -> value != 0)).as(parameter.name())
                    .isEqualTo(parameter.name().contains("lora_B")));
        }
    }

    private static float[] ones(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static float[] bits(Qwen model, ModelFixture place, List<int[]> sequences) {
        try (Tape tape = Tape.inference(place.backend(), place.scope())) {
            return model.forward(tape, PackedSequences.of(tape.scope(), sequences)).value().toFloats();
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void sampledLogProbsAreBitForBitThoseOfTheTrainingForward(QwenConfig config) {
        try (ModelFixture base = ModelFixture.random(config, "cpu", 2, DType.F32, 33)) {
            Qwen model = trained(base, EVERY);
            int[] prompt = {3, 9, 4, 2};
            Completion sample = new Generator(model, base.backend(), base.scope()).generate(List.of(prompt), 1,
                    SamplingLaw.ofTemperature(1), 20, Set.of(), RandomKey.of(5)).getFirst();
            int[] whole = IntStream.concat(IntStream.of(prompt), IntStream.of(sample.tokens())).toArray();
            try (Tape tape = Tape.recording(base.backend(), base.scope())) {
                Var hidden = model.forward(tape, PackedSequences.of(tape.scope(), List.of(whole)),
                        Qwen.Activations.RECOMPUTED);
                int[] next = Arrays.copyOfRange(whole, 1, whole.length + 1);
                float[] logProbs = Head.logProbs(hidden, model.head(), tape.scope().of(next, next.length), 1)
                        .logProb().value().toFloats();
                assertThat(sample.logProbs()).isEqualTo(Arrays.copyOfRange(logProbs, prompt.length - 1,
                        whole.length - 1));
            }
        }
    }

    @Test
    void namesAndNumbersAreThoseOfPeft() {
        QwenConfig config = TinyConfigs.qwen2();
        try (ModelFixture base = ModelFixture.random(config, "cpu", 1, DType.F32, 33)) {
            ParameterStore store = fresh(base, new Lora(4, 8, List.of("q_proj", "down_proj"))).adapters().orElseThrow();
            assertThat(store.parameters()).extracting(Object::toString).startsWith(
                    "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight [4, 32]",
                    "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight [32, 4]",
                    "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight [4, 44]",
                    "base_model.model.model.layers.0.mlp.down_proj.lora_B.weight [32, 4]").hasSize(8);
            // Kaiming-uniform with a = √5, as PEFT has it: bound √(6 / ((1 + 5) · inputs)) = 1 / √inputs.
            double[] a = store.named("base_model.model.model.layers.0.mlp.down_proj.lora_A.weight").value().toDoubles();
            assertThat(Arrays.stream(a).map(Math::abs).max().orElseThrow()).isBetween(0.9 / Math.sqrt(44),
                    1 / Math.sqrt(44));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-1 | 2 | q_proj | lora: rank -1 must be 0 (none) or more",
        "2 | 0 | q_proj | lora: alpha 0.0 must be above 0 and finite",
        "2 | 4 | q_proj,lm_head | lora: target lm_head is unknown; known: q_proj, k_proj, v_proj, o_proj, gate_proj, "
                + "up_proj, down_proj"})
    void whatIsNoAdapterIsRefused(int rank, double alpha, String targets, String message) {
        assertThatIllegalArgumentException().isThrownBy(() -> new Lora(rank, alpha, List.of(targets)))
                .withMessage(message);
    }

    @Test
    void aRankAboveThatOfAWeightIsRefused() {
        try (ModelFixture base = ModelFixture.random(TinyConfigs.qwen2(), "cpu", 1, DType.F32, 33)) {
            assertThatIllegalArgumentException().isThrownBy(() -> fresh(base, new Lora(17, 1, Lora.TARGETS)))
                    .withMessage("lora: rank 17 must be at most 16, the smaller side of "
                            + "model.layers.0.self_attn.k_proj.weight [16, 32]");
        }
    }
}
