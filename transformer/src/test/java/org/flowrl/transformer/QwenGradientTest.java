package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.flowrl.autograd.GradCheck;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Attention;
import org.flowrl.autograd.ops.Head;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of blocks and whole models against finite differences, in F64.
class QwenGradientTest {
    /// The bar of the project for finite differences; {@link GradCheck} itself is good to about 1e-7.
    private static final double TOLERANCE = 1e-6;

    static Stream<QwenConfig> configs() {
        return Stream.of(config(QwenConfig.QWEN2, true, true), config(QwenConfig.QWEN3, false, false),
                config(QwenConfig.QWEN3, true, true));
    }

    private static QwenConfig config(String modelType, boolean bias, boolean tied) {
        return new QwenConfig(modelType, 7, 6, 10, 2, 4, 2, 4, 64, 1e-6, 100, bias, tied, 0.4, OptionalInt.empty(),
                List.of(), OptionalInt.empty());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void aBlockHasTheGradientsOfFiniteDifferences(QwenConfig config) {
        try (GradCheck check = GradCheck.open()) {
            ParameterStore store = check.store();
            QwenBlock block = QwenBlock.declare(store.root(), config);
            store.allocate();
            ModelFixture.randomize(store, RandomKey.of(1));
            PackedSequences tokens = PackedSequences.of(check.scope(), List.of(new int[4], new int[1], new int[2]));
            RotaryTable.Angles angles = new RotaryTable(config).upTo(4, DType.F64, check.scope());
            QwenBlock.Places places = new QwenBlock.Places(tokens.positions(), angles.cos(), angles.sin());
            Tensor x = check.scope().allocate(DType.F64, 7, config.hiddenSize());
            for (int i = 0; i < x.elements(); i++) {
                x.set(i, RandomKey.of(2).normal(i));
            }
            check.check((tape, in) -> block.forward(in.getFirst(), places, (q, k, v) ->
                    Attention.causal(q, k, v, tokens.starts(), config.attentionScale())), List.of(store), x)
                    .requireBelow(TOLERANCE);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void aWholeModelHasTheGradientsOfFiniteDifferences(QwenConfig config) {
        try (GradCheck check = GradCheck.open(40, RandomKey.of(0))) {
            ParameterStore store = check.store();
            Qwen model = Qwen.declare(store.root(), config);
            store.allocate();
            ModelFixture.randomize(store, RandomKey.of(3));
            PackedSequences tokens = PackedSequences.of(check.scope(), List.of(new int[] {1, 4, 2}, new int[] {6, 0}));
            Tensor targets = check.scope().of(new int[] {4, 2, 5, 0, 3}, 5);
            check.check((tape, in) -> logProbs(model, tape, tokens, targets), List.of(store)).requireBelow(TOLERANCE);
        }
    }

    private static Var logProbs(Qwen model, Tape tape, PackedSequences tokens, Tensor targets) {
        return Head.logProbs(model.forward(tape, tokens), model.head(), targets, 1).logProb();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void recomputedActivationsGiveTheSameLossAndGradientsBitForBit(QwenConfig config) {
        try (ModelFixture fixture = ModelFixture.random(config, "cpu", 2, DType.F32, 4)) {
            List<int[]> sequences = ModelFixture.sequences(config, 5, 9, 2, 17);
            Gradients kept = new Gradients(fixture.scope(), List.of(fixture.store()));
            Gradients recomputed = new Gradients(fixture.scope(), List.of(fixture.store()));
            double loss = fixture.differentiate(sequences, Qwen.Activations.KEPT, kept);
            assertThat(fixture.differentiate(sequences, Qwen.Activations.RECOMPUTED, recomputed)).isEqualTo(loss);
            for (Parameter parameter : fixture.store().parameters()) {
                assertThat(recomputed.of(parameter).toFloats()).as(parameter.name())
                        .isEqualTo(kept.of(parameter).toFloats());
            }
        }
    }
}
