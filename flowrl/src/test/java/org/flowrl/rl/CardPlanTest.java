package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ProductPrecision;
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

    /// A batch that shrinks takes what the plan of one that is full to the end says: 1 % less before slabs, which are
    /// small there, since one of them more or less would be more than the bound.
    @ParameterizedTest
    @CsvSource({"sample, F32, 0, on, WEIGHTS, 1048576", "sample, BF16, 0, off, F32, 67108864",
        "shrink, F32, 0, on, F32, 65536", "sft, BF16, 0, on, WEIGHTS, 262144",
        "train, F32, 0, on, WEIGHTS, 67108864", "train, BF16, 0, on, WEIGHTS, 1048576",
        "train, BF16, 8, on, WEIGHTS, 0", "train, BF16, 8, on, BF16, 0"})
    void aCardGivesWhatThePlanSays(String program, String weights, String rank, String graphs, String products,
            long slabBytes) {
        MemoryPlan.Machine card = MemoryPlan.Machine.card(new PlanBackend.Card(graphs.equals("on"),
                ProductPrecision.valueOf(products), slabBytes));
        DType type = DType.valueOf(weights);
        MemoryPlan plan = switch (program) {
            case "sample", "shrink" ->
                    MemoryPlan.generate(CardProgram.MODEL, Lora.NONE, type, CardProgram.LOAD, card);
            case "sft" -> MemoryPlan.sft(CardProgram.MODEL, CardProgram.adam(type), CardProgram.LOAD,
                    CardProgram.SFT_MEBIBYTES, card);
            default -> MemoryPlan.train(CardProgram.MODEL, CardProgram.config(rank, weights), CardProgram.LOAD, card);
        };
        Map<String, Double> real = CardProgram.run(List.of("-Dgpu.graphs=" + graphs, "-Dgpu.products="
                + ProductPrecision.valueOf(products), "-Dgpu.slabBytes=" + slabBytes), program, weights, rank);
        assertThat(plan.poolBytes()).as("pool").isCloseTo(real.get("pool").longValue(), TOLERANCE);
        assertThat(plan.workspaceBytes() - LIBRARY_BYTES).as("buffers")
                .isCloseTo(real.get("workspace").longValue() - LIBRARY_BYTES, TOLERANCE);
        assertThat(plan.reservedBytes()).as("reserved").isCloseTo(real.get("reserved").longValue(), TOLERANCE);
        assertThat(plan.totalBytes()).as("all that the card has given").isCloseTo(real.get("given").longValue(),
                TOLERANCE);
    }
}
