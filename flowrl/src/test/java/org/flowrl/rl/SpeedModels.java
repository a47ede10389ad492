package org.flowrl.rl;

import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.transformer.QwenConfig;

/// Models for programs that measure speed: random weights that a large card has within a second, where drawing each of
/// a billion on the host would take minutes.
final class SpeedModels {
    private static final int NUMBERS = 1 << 20;
    private static final long SEED = 1;

    private SpeedModels() {
    }

    /// Overwrites all values: weights of norms with 1, everything else with the same million normal numbers over and
    /// over, of the standard deviation of the model's own first values; and packs the matrices.
    ///
    /// @param store that has its memory
    static void fill(ParameterStore store, QwenConfig config) {
        try (Scope scope = store.scope().child("random weights")) {
            SplittableRandom random = new SplittableRandom(SEED);
            float[] numbers = new float[NUMBERS];
            for (int i = 0; i < NUMBERS; i++) {
                numbers[i] = (float) (config.initializerRange() * random.nextGaussian());
            }
            Tensor piece = scope.of(numbers, NUMBERS);
            for (long at = 0; at < store.elements(); at += NUMBERS) {
                store.arena().copyRows(at, piece, 0, Math.min(NUMBERS, store.elements() - at));
            }
        }
        for (Parameter parameter : store.parameters()) {
            if (parameter.name().endsWith("norm.weight")) {
                store.backend().elementwise().fill(parameter.value(), 1);
            }
        }
        store.repack();
    }

    /// A Qwen2 of this shape, with biases and, as the smaller ones have, the embedding as its head.
    static QwenConfig qwen2(int words, int hidden, int feedForward, int blocks, int heads, int groups) {
        return new QwenConfig(QwenConfig.QWEN2, words, hidden, feedForward, blocks, heads, groups, hidden / heads,
                32_768, 1e-6, 1_000_000, true, true, 0.02, OptionalInt.empty(), List.of(words - 1),
                OptionalInt.empty());
    }

    /// Bytes of the matrices of a model, packed as BF16.
    static long matrixBytes(ParameterStore store) {
        return matrixElements(store) * DType.BF16.bytes();
    }

    /// Elements of the matrices of a model.
    static long matrixElements(ParameterStore store) {
        return store.parameters().stream().filter(parameter -> parameter.shape().rank() == 2)
                .mapToLong(parameter -> parameter.shape().elements()).sum();
    }
}
