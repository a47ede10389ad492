package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.assertj.core.data.Percentage;
import org.flowrl.gpu.EmulatedCuda;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.cpu.PlanBackend;
import org.flowrl.transformer.Lora;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Plans against what the CUDA backend really takes of the emulated card.
class CardPlanTest {
    /// The acceptance bound of the project's plan of work, as for the CPU.
    private static final Percentage TOLERANCE = Percentage.withPercentage(5);
    /// What is held for cuBLAS, whatever is computed: beside it buffers would not count.
    private static final long LIBRARY_BYTES = 32 << 20;

    @ParameterizedTest
    @CsvSource({"sample, F32, 0, on, f32, 1048576", "sample, BF16, 0, off, f32, 67108864",
        "train, F32, 0, on, f32, 67108864", "train, BF16, 0, on, bf16, 1048576", "train, BF16, 8, on, bf16, 0"})
    void aCardGivesWhatThePlanSays(String program, String weights, String rank, String graphs, String products,
            long slabBytes) {
        MemoryPlan.Machine card = MemoryPlan.Machine.card(new PlanBackend.Card(graphs.equals("on"),
                products.equals("bf16"), slabBytes));
        MemoryPlan plan = program.equals("sample")
                ? MemoryPlan.generate(CardMemory.MODEL, Lora.NONE, DType.valueOf(weights), CardMemory.LOAD, card)
                : MemoryPlan.train(CardMemory.MODEL, CardMemory.config(rank, weights), CardMemory.LOAD, card);
        Map<String, Long> real = FreshJvm.lines(List.of("-Dgpu.libraries=" + EmulatedCuda.folder(),
                "-Dgpu.graphs=" + graphs, "-Dgpu.products=" + products, "-Dgpu.slabBytes=" + slabBytes,
                "-XX:+UseSerialGC"), CardMemory.class, program, weights, rank).stream()
                .collect(Collectors.toMap(line -> line.split(" ")[0], line -> Long.valueOf(line.split(" ")[1])));
        assertThat(plan.poolBytes()).as("pool").isCloseTo(real.get("pool"), TOLERANCE);
        assertThat(plan.workspaceBytes() - LIBRARY_BYTES).as("buffers")
                .isCloseTo(real.get("workspace") - LIBRARY_BYTES, TOLERANCE);
        assertThat(plan.reservedBytes()).as("reserved").isCloseTo(real.get("reserved"), TOLERANCE);
        assertThat(plan.totalBytes()).as("all that the card has given").isCloseTo(real.get("given"), TOLERANCE);
    }
}
