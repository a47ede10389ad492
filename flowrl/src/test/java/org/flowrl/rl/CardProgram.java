package org.flowrl.rl;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.gpu.EmulatedCuda;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.transformer.QwenConfig;

/// A program that runs one of {@link PlannedPrograms} on a card and tells what memory it was given and what it
/// measured.
final class CardProgram {
    /// Long enough prompts and wide enough a vocabulary that most buffers exceed their least size.
    static final QwenConfig MODEL = QwenConfig.tiny(700, 64, 2, 256);
    static final MemoryPlan.Load LOAD = new MemoryPlan.Load(3, 4, 80, 8);

    static final int SFT_MEBIBYTES = 2;

    private CardProgram() {
    }

    static AdamW.Settings adam(DType moments) {
        return ConfigFile.with(AdamW.Settings.defaults(), Map.of("update.optimizer.adam.moments", moments.toString()));
    }

    static TrainConfig config(String rank, String weights) {
        return ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("rollout.prompts", "3", "rollout.samples",
                "4", "update.microBatchMebibytes", "2", "update.miniBatches", "1", "lora.rank", rank,
                "weights", weights));
    }

    /// What a run of it in a JVM of its own prints, by name.
    static Map<String, Double> run(List<String> flags, Object... arguments) {
        List<String> all = new ArrayList<>(List.of("-Dgpu.libraries=" + EmulatedCuda.folder(), "-XX:+UseSerialGC"));
        all.addAll(flags);
        return FreshJvm.lines(all, CardProgram.class, arguments).stream().map(line -> line.split(" "))
                .collect(Collectors.toMap(words -> words[0], words -> Double.valueOf(words[1])));
    }

    /// Prints a line `name value` for each metric of a training step and for each way to count memory.
    ///
    /// @param arguments `sample`, `shrink` (the same where every fifth word ends a sample), `train` or `sft`, type of
    ///     the weights, or for `sft` of the moments, and rank of adapters
    public static void main(String[] arguments) {
        try (Backend backend = Backends.open("cuda:0", 1).backend()) {
            DType type = DType.valueOf(arguments[1]);
            switch (arguments[0]) {
                case "sample" -> PlannedPrograms.sample(backend, MODEL, type, LOAD, Set.of());
                case "shrink" -> PlannedPrograms.sample(backend, MODEL, type, LOAD,
                        IntStream.range(0, MODEL.vocabSize()).filter(word -> word % 5 == 0).boxed()
                                .collect(Collectors.toSet()));
                case "train" -> PlannedPrograms.train(backend, MODEL, config(arguments[2], arguments[1]), LOAD)
                        .forEach((name, value) -> System.out.println(name + " " + value));
                case "sft" -> PlannedPrograms.sft(backend, MODEL, adam(type), LOAD, SFT_MEBIBYTES);
                default -> throw new IllegalArgumentException(arguments[0]);
            }
            System.out.println("pool " + backend.memory().highWaterBytes());
            System.out.println("workspace " + backend.workspaceBytes());
            System.out.println("reserved " + backend.memory().bytesReserved());
            System.out.println("given " + EmulatedCuda.bytesInUse());
        }
    }
}
