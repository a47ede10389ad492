package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Lora;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Generator;
import org.junit.jupiter.api.Test;

/// What a decoding step asks of a card: 64 sequences of the shape of Qwen2.5-0.5B with weights of BF16. Each node of a
/// step's graph costs the card a microsecond or two even where it has next to nothing to do, so their number must not
/// grow unseen. Nothing is computed, see {@link NotedCalls}.
class DecodingLaunchesTest {
    private static final int SEQUENCES = 64;
    private static final int PROMPT = 8;
    private static final int NEW_TOKENS = 600;

    /// Of a block's attention and of its feed-forward network.
    private static final List<String> BLOCK = List.of("normOperand", "product", "attentionNewest64",
            "product", "normOperand", "product", "swiGluOperand", "product");
    /// With an adapter on each map: one more for each operand, which adapters read as F32, and two for each adapter.
    private static final List<String> ADAPTED = Stream.of(List.of("normOperand", "product", "convertBF16toF32"),
            Collections.nCopies(3 * 2, "product"), List.of("attentionNewest64", "product", "convertBF16toF32"),
            Collections.nCopies(2, "product"), List.of("normOperand", "product", "convertBF16toF32"),
            Collections.nCopies(2 * 2, "product"), List.of("swiGluOperand", "product", "convertBF16toF32"),
            Collections.nCopies(2, "product")).flatMap(List::stream).toList();
    private static final List<String> AFTER = List.of("rmsNorm", "convertF32toBF16", "product", "sumParts",
            "drawWhole");

    /// What the steps of a model of so many blocks asked for.
    private static NotedCalls steps(int blocks, Lora lora) {
        EmulatedCuda.use();
        NotedCalls noted = new NotedCalls(CudaBinding.open(FfmApi.NAME));
        // A vocabulary of one part of a row: what comes after the blocks is the same.
        QwenConfig config = new QwenConfig(QwenConfig.QWEN2, 4096, 896, 4864, blocks, 14, 2, 64, 32_768, 1e-6,
                1_000_000, true, true, 0.02, OptionalInt.empty(), List.of(1), OptionalInt.empty());
        List<int[]> prompts = IntStream.range(0, SEQUENCES).mapToObj(_ -> new int[PROMPT]).toList();
        try (CudaBackend card = new CudaBackend(noted.calls(), 0); Scope scope = Scope.root("test", card.memory())) {
            ParameterStore store = new ParameterStore(card, scope, DType.F32, DType.BF16);
            Qwen base = Qwen.declare(store.root(), config);
            store.allocate();
            store.repack();
            Qwen model = lora.isOn() ? adapted(base, store.beside(), lora) : base;
            new Generator(model, card, scope).generate(prompts, 1, SamplingLaw.ofTemperature(1), NEW_TOKENS, Set.of(),
                    RandomKey.of(1));
        }
        assertThat(noted.graphs()).hasSize(1);
        return noted;
    }

    private static Qwen adapted(Qwen base, ParameterStore adapters, Lora lora) {
        Qwen model = base.adapted(adapters.root(), lora);
        adapters.allocate();
        adapters.repack();
        return model;
    }

    private static List<String> names(int blocks, List<String> block) {
        List<String> all = new ArrayList<>(List.of("gather"));
        IntStream.range(0, blocks).forEach(_ -> all.addAll(block));
        all.addAll(AFTER);
        return all;
    }

    @Test
    void aBlockIsEightLaunchesAndWhatIsAroundBlocksIsSix() {
        for (int blocks : new int[] {1, 3}) {
            assertThat(steps(blocks, Lora.NONE).graphs().getFirst()).extracting(NotedCalls.Node::name)
                    .isEqualTo(names(blocks, BLOCK));
        }
    }

    @Test
    void aBlockWithAnAdapterOnEachMapIsTwentySixLaunches() {
        assertThat(ADAPTED).hasSize(26);
        assertThat(steps(2, new Lora(16, 32, Lora.TARGETS)).graphs().getFirst()).extracting(NotedCalls.Node::name)
                .isEqualTo(names(2, ADAPTED));
    }

    /// Queries, keys and values are one product, gates and ups another, and the stream is added to by products; the
    /// numbers of columns are those of the factors' rows.
    @Test
    void weightsThatTheSameRowsReadAreOneProduct() {
        assertThat(steps(1, Lora.NONE).graphs().getFirst()).filteredOn(node -> node.name().equals("product"))
                .extracting(NotedCalls.Node::size).containsExactly("[64, 896] x [896, 1152]",
                        "[64, 896] x [896, 896] added", "[64, 896] x [896, 9728]", "[64, 4864] x [4864, 896] added",
                        "[64, 896] x [896, 4096]");
    }

    /// Sequences begin new pages all the while.
    @Test
    void nothingIsAskedForBesideTheGraph() {
        assertThat(steps(1, Lora.NONE).afterRecording()).isEmpty();
    }

    /// For the drawn words and their log-probabilities together.
    @Test
    void theHostWaitsOnceAStep() {
        List<Integer> waits = steps(1, Lora.NONE).waits();
        assertThat(waits).hasSizeGreaterThan(NEW_TOKENS / 2);
        assertThat(waits.subList(1, waits.size())).containsOnly(1);
    }
}
