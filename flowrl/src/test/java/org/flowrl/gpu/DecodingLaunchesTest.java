package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
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
    private static final List<String> AFTER = List.of("rmsNorm", "convertF32toBF16", "product", "sumParts",
            "drawWhole");

    /// What the steps of a model of so many blocks asked for.
    private static NotedCalls steps(int blocks) {
        EmulatedCuda.use();
        NotedCalls noted = new NotedCalls(CudaBinding.open(FfmApi.NAME));
        // A vocabulary of one part of a row: what comes after the blocks is the same.
        QwenConfig config = new QwenConfig(QwenConfig.QWEN2, 4096, 896, 4864, blocks, 14, 2, 64, 32_768, 1e-6,
                1_000_000, true, true, 0.02, OptionalInt.empty(), List.of(1), OptionalInt.empty());
        List<int[]> prompts = IntStream.range(0, SEQUENCES).mapToObj(_ -> new int[PROMPT]).toList();
        try (CudaBackend card = new CudaBackend(noted.calls(), 0); Scope scope = Scope.root("test", card.memory())) {
            ParameterStore store = new ParameterStore(card, scope, DType.F32, DType.BF16);
            Qwen model = Qwen.declare(store.root(), config);
            store.allocate();
            store.repack();
            new Generator(model, card, scope).generate(prompts, 1, SamplingLaw.ofTemperature(1), NEW_TOKENS, Set.of(),
                    RandomKey.of(1));
        }
        assertThat(noted.graphs()).hasSize(1);
        return noted;
    }

    private static List<String> names(int blocks) {
        List<String> all = new ArrayList<>(List.of("gather"));
        IntStream.range(0, blocks).forEach(_ -> all.addAll(BLOCK));
        all.addAll(AFTER);
        return all;
    }

    @Test
    void aBlockIsEightLaunchesAndWhatIsAroundBlocksIsSix() {
        for (int blocks : new int[] {1, 3}) {
            assertThat(steps(blocks).graphs().getFirst()).extracting(NotedCalls.Node::name)
                    .isEqualTo(names(blocks));
        }
    }

    /// Queries, keys and values are one product, gates and ups another, and the stream is added to by products; the
    /// numbers of columns are those of the factors' rows.
    @Test
    void weightsThatTheSameRowsReadAreOneProduct() {
        assertThat(steps(1).graphs().getFirst()).filteredOn(node -> node.name().equals("product"))
                .extracting(NotedCalls.Node::size).containsExactly("[64, 896] x [896, 1152]",
                        "[64, 896] x [896, 896] added", "[64, 896] x [896, 9728]", "[64, 4864] x [4864, 896] added",
                        "[64, 896] x [896, 4096]");
    }

    /// Sequences begin new pages all the while.
    @Test
    void nothingIsAskedForBesideTheGraph() {
        assertThat(steps(1).afterRecording()).isEmpty();
    }
}
