package org.flowrl.rl;

import java.util.List;
import java.util.Map;
import org.flowrl.gpu.EmulatedCuda;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.transformer.QwenConfig;

/// A program that tells what memory a card has given for a planned program, for {@link CardPlanTest}.
final class CardMemory {
    /// Long enough prompts and wide enough a vocabulary that most buffers exceed their least size.
    static final QwenConfig MODEL = QwenConfig.tiny(700, 64, 2, 256);
    static final MemoryPlan.Load LOAD = new MemoryPlan.Load(3, 4, 80, 8);

    private CardMemory() {
    }

    static TrainConfig config(String rank, String weights) {
        return ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("rollout.prompts", "3", "rollout.samples",
                "4", "update.microBatchMebibytes", "2", "lora.rank", rank, "weights", weights));
    }

    /// @param arguments `sample` or `train`, type of the weights, and rank of adapters
    public static void main(String[] arguments) {
        try (Backend backend = Backends.open("cuda:0", 1).backend()) {
            if (List.of(arguments).contains("sample")) {
                PlannedPrograms.sample(backend, MODEL, DType.valueOf(arguments[1]), LOAD);
            } else {
                PlannedPrograms.train(backend, MODEL, config(arguments[2], arguments[1]), LOAD);
            }
            System.out.println("pool " + backend.memory().highWaterBytes());
            System.out.println("workspace " + backend.workspaceBytes());
            System.out.println("reserved " + backend.memory().bytesReserved());
            System.out.println("given " + EmulatedCuda.bytesInUse());
        }
    }
}
