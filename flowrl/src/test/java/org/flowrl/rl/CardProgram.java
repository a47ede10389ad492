package org.flowrl.rl;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
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

    private CardProgram() {
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
    /// @param arguments `sample` or `train`, type of the weights, and rank of adapters
    public static void main(String[] arguments) {
        try (Backend backend = Backends.open("cuda:0", 1).backend()) {
            if (List.of(arguments).contains("sample")) {
                PlannedPrograms.sample(backend, MODEL, DType.valueOf(arguments[1]), LOAD);
            } else {
                PlannedPrograms.train(backend, MODEL, config(arguments[2], arguments[1]), LOAD).forEach((name, value) ->
                        System.out.println(name + " " + value));
            }
            System.out.println("pool " + backend.memory().highWaterBytes());
            System.out.println("workspace " + backend.workspaceBytes());
            System.out.println("reserved " + backend.memory().bytesReserved());
            System.out.println("given " + EmulatedCuda.bytesInUse());
        }
    }
}
