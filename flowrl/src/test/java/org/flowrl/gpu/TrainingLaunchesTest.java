package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Lora;
import org.flowrl.transformer.PackedSequences;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a block's training asks of a card beside weights of BF16, which all operands of products are rounded to. Most
/// of it passes over memory once, which at thousands of tokens is what a step waits for beside its products; the table
/// of {@link CudaFusedGradients} counts the bytes. Nothing is computed, see {@link NotedCalls}.
class TrainingLaunchesTest {
    private static final int TOKENS = 64;

    /// Of a block's attention and of its feed-forward network.
    private static final List<String> FORWARD = List.of("normOperand", "product", "splitHeads", "checkStarts",
            "convertF32toBF16", "convertF32toBF16", "attentionBounds", "flashForward64", "convertF32toBF16", "copy",
            "product", "normOperand", "product", "swiGluOperand", "copy", "product");
    /// Of the network's gradients, of the attention's, and of the inputs of both.
    private static final List<String> BACKWARD = List.of("convertF32toBF16", "product", "product",
            "swiGluOperandBackward", "product", "product", "normGradientAdded", "rmsNormWeightSum", "foldBlocks",
            "convertF32toBF16", "product", "product", "checkStarts", "attentionDot", "flashLogSums",
            "convertF32toBF16", "convertF32toBF16", "convertF32toBF16", "convertF32toBF16", "attentionBounds",
            "flashQueryGradient64", "flashKeyGradient64", "flashFold", "flashFold");
    /// Biases lie between the gradients of the projections' weights.
    private static final List<String> WITH_BIASES = List.of("joinHeads", "operandSum", "foldBlocks", "operandSum",
            "foldBlocks", "operandSum", "foldBlocks", "product", "product", "product", "product");
    private static final List<String> WITH_HEAD_NORMS = List.of("joinNormedHeads", "columnSum", "foldBlocks",
            "columnSum", "foldBlocks", "product", "product");
    private static final List<String> LAST = List.of("normGradientAdded", "rmsNormWeightSum", "foldBlocks");

    @BeforeEach
    void useTheEmulatedCard() {
        EmulatedCuda.use();
    }

    /// Forward and backward through the blocks of a model.
    private record Calls(List<NotedCalls.Node> forward, List<NotedCalls.Node> backward) {
    }

    private static QwenConfig config(String type) {
        return new QwenConfig(type, 64, 256, 640, 1, 4, 2, 64, 64, 1e-6, 10_000, type.equals(QwenConfig.QWEN2), true,
                0.02, OptionalInt.empty(), List.of(1), OptionalInt.empty());
    }

    private static Calls calls(String type) {
        NotedCalls noted = new NotedCalls(CudaBinding.open(FfmApi.NAME));
        try (CudaBackend card = new CudaBackend(noted.calls(), 0); Scope scope = Scope.root("test", card.memory())) {
            ParameterStore store = new ParameterStore(card, scope, DType.F32, DType.BF16);
            Qwen model = Qwen.declare(store.root(), config(type));
            store.allocate();
            store.repack();
            Gradients gradients = new Gradients(scope, List.of(store));
            try (Tape tape = Tape.recording(card, scope)) {
                PackedSequences tokens = PackedSequences.of(tape.scope(), List.of(new int[TOKENS]));
                int start = noted.afterRecording().size();
                Var hidden = model.forward(tape, tokens);
                int middle = noted.afterRecording().size();
                tape.backward(hidden, hidden.value(), gradients);
                return new Calls(List.copyOf(noted.afterRecording().subList(start, middle)),
                        List.copyOf(noted.afterRecording().subList(middle, noted.afterRecording().size())));
            }
        }
    }

    private static List<String> names(List<NotedCalls.Node> nodes) {
        return nodes.stream().map(NotedCalls.Node::name).toList();
    }

    /// Between the embedding and the last norm.
    @Test
    void aBlockIsSixteenCallsAndItsGradientsThirtyEight() {
        assertCalls(calls(QwenConfig.QWEN2), WITH_BIASES);
    }

    @Test
    void ofABlockThatNormsHeadsTheyAreSixteenAndThirtyFour() {
        assertCalls(calls(QwenConfig.QWEN3), WITH_HEAD_NORMS);
    }

    private static void assertCalls(Calls calls, List<String> heads) {
        List<String> all = new ArrayList<>(List.of("gather"));
        all.addAll(FORWARD);
        all.add("rmsNorm");
        assertThat(names(calls.forward)).isEqualTo(all);
        all = new ArrayList<>(List.of("rmsNormInputGradient", "rmsNormWeightSum", "foldBlocks"));
        List.of(BACKWARD, heads, LAST).forEach(all::addAll);
        all.addAll(List.of("chainRows", "scatterAdd"));
        assertThat(names(calls.backward)).isEqualTo(all);
    }

    /// Blocks with adapters are composed; tensor cores do their attention where weights are of BF16, as of others.
    @ParameterizedTest
    @CsvSource({"BF16, flashForward64", "F32, attentionForward"})
    void attentionBesideAdaptersGoesByTheTypeOfTheWeights(DType storage, String kernel) {
        NotedCalls noted = new NotedCalls(CudaBinding.open(FfmApi.NAME));
        try (CudaBackend card = new CudaBackend(noted.calls(), 0); Scope scope = Scope.root("test", card.memory());
                Tape tape = Tape.inference(card, scope)) {
            ParameterStore store = new ParameterStore(card, scope, DType.F32, storage);
            Qwen base = Qwen.declare(store.root(), config(QwenConfig.QWEN2));
            store.allocate();
            store.repack();
            ParameterStore adapters = store.beside();
            Qwen model = base.adapted(adapters.root(), new Lora(4, 8, Lora.TARGETS));
            adapters.allocate();
            adapters.repack();
            model.forward(tape, PackedSequences.of(tape.scope(), List.of(new int[TOKENS])));
            assertThat(names(noted.afterRecording())).contains(kernel)
                    .doesNotContain(storage == DType.BF16 ? "attentionForward" : "flashForward64");
        }
    }

    /// Queries, keys and values, and gates and ups, are products of one operand each; the gradients of gates' and ups'
    /// weights lie beside each other in the arena.
    @Test
    void weightsThatTheSameRowsReadAreOneProductEachWay() {
        Calls calls = calls(QwenConfig.QWEN2);
        assertThat(calls.forward).extracting(NotedCalls.Node::toString)
                .contains("product [64, 256] x [256, 512]", "product [64, 256] x [256, 256] added",
                        "product [64, 256] x [256, 1280]", "product [64, 640] x [640, 256] added");
        assertThat(calls.backward).extracting(NotedCalls.Node::toString)
                .contains("product [64, 512] x [512, 256]", "product [64, 1280] x [1280, 256]",
                        "product [1280, 64] x [64, 256] added", "product [64, 256] x [256, 640]",
                        "product [256, 64] x [64, 640] added");
    }
}
