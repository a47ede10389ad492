package org.flowrl.rl;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.KvCache;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Generator;

/// A program that times decoding on a card: 64 sequences of the shape of Qwen2.5-0.5B with random weights. Started by
/// `run-on-gpu.sh`; with the argument `small` it goes through the same motions at a size that the emulated card can do.
final class CardDecodeSpeed {
    private CardDecodeSpeed() {
    }

    /// Prints tokens each second, and the bytes of weights and cache that a step must read each second at that speed,
    /// to be held against the rate of a copy. Prefill is not timed.
    ///
    /// @param arguments nothing, or `small`
    public static void main(String[] arguments) {
        boolean isSmall = Arrays.asList(arguments).contains("small");
        QwenConfig config = isSmall ? SpeedModels.qwen2(37, 32, 44, 2, 4, 2)
                : SpeedModels.qwen2(151_936, 896, 4864, 24, 14, 2);
        int sequences = isSmall ? 3 : 64;
        int prompt = isSmall ? 9 : 512;
        int newTokens = isSmall ? 8 : 129;
        RandomKey key = RandomKey.of(1);
        List<int[]> prompts = IntStream.range(0, sequences).mapToObj(i -> IntStream.range(0, prompt)
                .map(t -> (int) (key.fold("prompt").fold(i).uniform(t) * config.vocabSize())).toArray()).toList();
        try (Backend backend = Backends.open("cuda:0", 1).backend();
                Scope scope = Scope.root("speed", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32, DType.BF16);
            Qwen model = Qwen.declare(store.root(), config);
            store.allocate();
            SpeedModels.fill(store, config);
            System.out.println(backend.description() + (backend.recorder().isPresent() ? ", graphs" : ", no graphs"));
            Generator generator = new Generator(model, backend, scope);
            for (String round : List.of("warm-up", "measured")) {
                // When the last prompt's first token was drawn, and when the last token was.
                long[] drawn = new long[2];
                int[] heard = new int[1];
                generator.generate(prompts, 1, SamplingLaw.ofTemperature(1), newTokens, Set.of(), key,
                        (index, sample, token, logProb) ->
                                drawn[heard[0]++ < sequences ? 0 : 1] = System.nanoTime());
                double seconds = (drawn[1] - drawn[0]) * 1e-9;
                int steps = newTokens - 1;
                long matrices = SpeedModels.matrixBytes(store);
                // The cache in the middle of the run.
                long cache = KvCache.bytes(config, DType.F32, 1) / KvCache.PAGE_TOKENS
                        * (prompt + newTokens / 2L) * sequences;
                System.out.printf(Locale.ROOT, "%s: %d sequences, %.2f ms a step, %,.0f tokens/s; weights and cache of "
                        + "%.2f GB a step at %.1f GB/s%n", round, sequences, 1e3 * seconds / steps,
                        sequences * steps / seconds, (matrices + cache) * 1e-9, (matrices + cache) * steps / seconds
                                * 1e-9);
            }
        }
    }
}
