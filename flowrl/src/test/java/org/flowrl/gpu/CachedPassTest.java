package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.contract.Numbers;
import org.flowrl.tensor.cpu.ReferenceBackend;
import org.flowrl.transformer.KvCache;
import org.flowrl.transformer.Lora;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model's passes over a cache on the emulated card, whose blocks are done by fused kernels, beside those of the
/// reference backend, whose blocks are not.
class CachedPassTest {
    /// Prompts of more than a page and of less, two tokens after them.
    private static final int[][] PROMPTS = {{5, 7, 1, 30, 2, 9, 9, 4, 3, 12, 36, 0, 8, 21, 22, 23, 24, 25, 26}, {3, 1}};
    private static final int[][][] STEPS = {PROMPTS, {{6}, {35}}, {{11}, {2}}};
    private static final int LONGEST = 21;

    private static QwenConfig config(String type, boolean hasBias) {
        return new QwenConfig(type, 37, 32, 44, 2, 4, 2, 16, 64, 1e-6, 10_000, hasBias, true, 0.2, OptionalInt.empty(),
                List.of(1), OptionalInt.empty());
    }

    /// Overwrites all parameters, norms and biases too, with numbers in [-0.5, 0.5).
    static void randomize(ParameterStore store) {
        RandomKey key = RandomKey.of(5);
        for (Parameter parameter : store.parameters()) {
            RandomKey own = key.fold(parameter.name());
            store.set(parameter, IntStream.range(0, (int) parameter.shape().elements())
                    .mapToDouble(i -> own.uniform(i) - 0.5).toArray());
        }
        store.repack();
    }

    /// The hidden states of all passes, in order.
    private static double[] hidden(Backend backend, QwenConfig config, DType packed, Lora lora) {
        try (Scope scope = Scope.root("test", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32, packed);
            Qwen base = Qwen.declare(store.root(), config);
            store.allocate();
            randomize(store);
            Qwen model = lora.isOn() ? adapted(base, store.beside(), lora) : base;
            KvCache cache = new KvCache(config, DType.F32, scope, 2 * KvCache.pagesFor(LONGEST));
            int[] sequences = {cache.open(), cache.open()};
            List<double[]> states = new ArrayList<>();
            for (int[][] tokens : STEPS) {
                try (Tape tape = Tape.inference(backend, scope)) {
                    states.add(model.forward(tape, cache.prepare(tape.scope(), sequences, tokens)).value().toDoubles());
                }
            }
            return states.stream().flatMapToDouble(Arrays::stream).toArray();
        }
    }

    private static Qwen adapted(Qwen base, ParameterStore adapters, Lora lora) {
        Qwen model = base.adapted(adapters.root(), lora);
        adapters.allocate();
        randomize(adapters);
        return model;
    }

    /// Sums in another order, as the backend's contract has it, through two blocks; with weights of BF16 the other
    /// factors are rounded to it too, each by up to 2^-8 of itself, in four products after another of each block.
    @ParameterizedTest
    @CsvSource({"qwen2, true, F32, 2e-4", "qwen2, true, BF16, 0.04", "qwen3, false, F32, 2e-4",
        "qwen3, true, BF16, 0.04"})
    void aBlockIsTheSameInFewCallsAndInMany(String type, boolean hasBias, DType packed, double tolerance) {
        assertSame(config(type, hasBias), packed, Lora.NONE, tolerance);
    }

    /// The same with adapters on all maps and on some. Where their operands are rounded, so are those of the maps.
    @ParameterizedTest
    @CsvSource({"F32, '', 2e-4", "BF16, '', 0.04", "F32, 'k_proj,down_proj', 2e-4", "BF16, 'v_proj,o_proj', 0.04"})
    void adaptersAddTheSameInFewCallsAndInMany(DType packed, String targets, double tolerance) {
        assertSame(config(QwenConfig.QWEN2, true), packed,
                new Lora(3, 2, targets.isEmpty() ? Lora.TARGETS : List.of(targets)), tolerance);
    }

    private static void assertSame(QwenConfig config, DType packed, Lora lora, double tolerance) {
        EmulatedCuda.use();
        try (Backend card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0); Backend host = new ReferenceBackend()) {
            assertThat(card.fused()).isPresent();
            assertThat(host.fused()).isEmpty();
            Numbers.assertClose(config.modelType() + " " + packed, hidden(host, config, packed, lora),
                    hidden(card, config, packed, lora), tolerance);
        }
    }
}
