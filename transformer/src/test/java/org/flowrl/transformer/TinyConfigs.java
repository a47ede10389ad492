package org.flowrl.transformer;

import java.util.List;
import java.util.OptionalInt;

/// Small models of each kind, for tests on a fresh clone.
public final class TinyConfigs {
    private TinyConfigs() {
    }

    /// Qwen2 with two query heads a key head, tied.
    public static QwenConfig qwen2() {
        return new QwenConfig(QwenConfig.QWEN2, 37, 32, 44, 2, 4, 2, 8, 512, 1e-6, 10_000, true, true, 0.2,
                OptionalInt.of(0), List.of(1), OptionalInt.of(2));
    }

    /// Qwen3 whose heads are together wider than the stream, untied, with attention biases.
    public static QwenConfig qwen3() {
        return new QwenConfig(QwenConfig.QWEN3, 41, 24, 36, 2, 3, 1, 12, 512, 1e-6, 1_000_000, true, false, 0.2,
                OptionalInt.empty(), List.of(1, 3), OptionalInt.empty());
    }

    /// Both.
    public static List<QwenConfig> all() {
        return List.of(qwen2(), qwen3());
    }
}
