package org.flowrl.rl;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.gpu.EmulatedCuda;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Generator;
import org.flowrl.transformer.generate.Limits;

/// A program that samples from a small random model on a card, for {@link CardDecodingTest}.
final class CardCompletions {
    private static final int PROMPTS = 5;
    private static final int SAMPLES = 3;
    private static final int NEW_TOKENS = 24;
    /// Fewer rows than samples, and prefill in parts: samples begin while others run.
    private static final Limits LIMITS = new Limits(7, 16, 1 << 20);

    private CardCompletions() {
    }

    /// Prints a line for each completion; with the argument `emulated` one with the number of graphs that the emulated
    /// card has launched, too.
    public static void main(String[] arguments) {
        QwenConfig config = new QwenConfig(QwenConfig.QWEN2, 37, 32, 44, 2, 4, 2, 8, 512, 1e-6, 10_000, true, true, 0.2,
                OptionalInt.of(0), List.of(1), OptionalInt.of(2));
        RandomKey key = RandomKey.of(11);
        List<int[]> prompts = IntStream.range(0, PROMPTS).mapToObj(i -> IntStream.range(0, 1 + 9 * i)
                .map(t -> (int) (key.fold("prompt").fold(i).uniform(t) * config.vocabSize())).toArray()).toList();
        try (Backend backend = Backends.open("cuda:0", 1).backend();
                Scope scope = Scope.root("test", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen model = Qwen.declare(store.root(), config);
            store.allocate();
            store.initialize(key.fold("weights"));
            store.repack();
            Generator generator = new Generator(model, backend, scope, LIMITS);
            // Twice: a second call finds nothing of the first, and asks for no memory.
            for (String round : List.of("first", "second")) {
                generator.generate(prompts, SAMPLES, SamplingLaw.ofTemperature(1), NEW_TOKENS, Set.of(1),
                        key.fold(round)).forEach(completion -> System.out.println(round + " " + completion.prompt()
                                + " " + completion.sample() + " " + Arrays.toString(completion.tokens()) + " "
                                + Arrays.toString(completion.logProbs())));
                System.out.println("bytes in use " + backend.memory().bytesInUse());
            }
        }
        if (List.of(arguments).contains("emulated")) {
            System.out.println("graphs " + EmulatedCuda.graphLaunches());
        }
    }
}
