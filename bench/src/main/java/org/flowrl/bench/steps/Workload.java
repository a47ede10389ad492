package org.flowrl.bench.steps;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.flowrl.rl.task.Tasks;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.QwenConfig;

/// What one timed run computes. Weights and tokens are functions of {@link #SEED}, so every engine computes the same.
///
/// @param name of the workload on the command line and in the report
/// @param kind what is done with the model
/// @param config the model; for {@link Kind#LATTICE} the preset decides, and this is the preset's shape
/// @param sequences sequences in the batch
/// @param length tokens that each sequence feeds to the model, before any that it generates
/// @param newTokens tokens that each sequence generates; 0 unless it decodes
public record Workload(String name, Kind kind, QwenConfig config, int sequences, int length, int newTokens) {
    /// Of weights, tokens and draws.
    public static final long SEED = 1;

    /// What is done with the model.
    public enum Kind {
        /// Forward, mean next-token loss over all tokens, backward, gradient norm and clip, AdamW; weights are F32.
        TRAIN,
        /// Greedy decoding after a prompt; weights are BF16. The prompt is not in the time.
        DECODE,
        /// A prompt and the first token after it; weights are BF16.
        PREFILL,
        /// A step of the `lattice` preset: rollout, reference scoring, two updates.
        LATTICE
    }

    /// Every workload, in the report's order.
    public static List<Workload> all() {
        QwenConfig half = half();
        int latticeWords = Tasks.named("lattice").tokenizer().orElseThrow().vocabSize();
        return List.of(
                new Workload("train-0.5b", Kind.TRAIN, half, 2, 256, 0),
                new Workload("train-small", Kind.TRAIN, QwenConfig.tiny(8192, 256, 6, 1024), 32, 64, 0),
                new Workload("train-tiny", Kind.TRAIN, QwenConfig.tiny(latticeWords, 64, 2, 1024), 320, 16, 0),
                new Workload("decode-1", Kind.DECODE, half, 1, 32, 64),
                new Workload("decode-8", Kind.DECODE, half, 8, 32, 64),
                new Workload("prefill-512", Kind.PREFILL, half, 1, 512, 0),
                new Workload("lattice", Kind.LATTICE, QwenConfig.tiny(latticeWords, 64, 2, 1024), 320, 0, 0));
    }

    /// The workload of this name.
    ///
    /// @throws IllegalArgumentException where there is none
    public static Workload named(String name) {
        return all().stream().filter(workload -> workload.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("steps: workload '" + name + "' must be one of "
                        + String.join(", ", all().stream().map(Workload::name).toList())));
    }

    /// Qwen2.5-0.5B's shape, from its published `config.json`.
    public static QwenConfig half() {
        return new QwenConfig(QwenConfig.QWEN2, 151_936, 896, 4864, 24, 14, 2, 64, 32_768, 1e-6, 1_000_000, true, true,
                0.02, OptionalInt.empty(), List.of(), OptionalInt.empty());
    }

    /// Tokens that one run is credited with: fed ones in training and prefill, generated ones beyond the first in
    /// decoding, whose first token comes with the prompt.
    public long creditedTokens() {
        return (long) sequences * (kind == Kind.DECODE ? newTokens - 1 : length);
    }

    /// The tokens that are fed, a row for each sequence. In training, row `length + 1` tokens long: token t + 1 is the
    /// target of position t.
    public List<int[]> tokens() {
        List<int[]> rows = new ArrayList<>(sequences);
        for (int b = 0; b < sequences; b++) {
            SplittableRandom random = new SplittableRandom(RandomKey.of(SEED).fold("tokens").fold(b).bits());
            rows.add(random.ints(kind == Kind.TRAIN ? length + 1 : length, 0, config.vocabSize()).toArray());
        }
        return rows;
    }

    @Override
    public String toString() {
        return name;
    }
}
