package org.flowrl.rl;

import java.util.stream.IntStream;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;

/// Normal weights of a small spread, the same whenever they are asked for.
record RandomWeights(QwenConfig config) implements Weights {
    @Override
    public Qwen load(ParameterStore store) {
        Qwen model = Qwen.declare(store.root(), config);
        store.allocate();
        store.parameters().forEach(RandomWeights::fill);
        store.repack();
        return model;
    }

    @Override
    public Qwen loadFrozen(ParameterStore store, boolean passesGradients) {
        Qwen model = Qwen.declare(store.root(), config);
        store.allocateFrozen(passesGradients, RandomWeights::fill);
        return model;
    }

    private static void fill(Parameter parameter) {
        RandomKey key = RandomKey.of(1).fold(parameter.name());
        parameter.store().set(parameter, IntStream.range(0, (int) parameter.shape().elements())
                .mapToDouble(i -> 0.02 * key.normal(i)).toArray());
    }
}
