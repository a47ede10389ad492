package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.flowrl.gpu.EmulatedCuda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Training on the emulated card, warm-up, sampling and updates included, goes as it goes on the CPU.
class CardTrainingTest {
    /// Relative: sums of F32 in other orders differ by about 1e-6 in a loss and a gradient, and each of a few updates
    /// carries that on, through AdamW's division by the root of a second moment that is young and small.
    private static final double TOLERANCE = 1e-4;
    /// Nats: the same forward pass through pages and through packed sequences.
    private static final double MISMATCH = 1e-5;

    @Test
    void aFewStepsOfLatticeHaveTheLossesOfTheCpu(@TempDir Path folder) {
        Map<String, Double> card = steps(List.of("-Dgpu.libraries=" + EmulatedCuda.folder()), "cuda:0",
                folder.resolve("card"));
        Map<String, Double> cpu = steps(List.of("--add-modules=jdk.incubator.vector"), "vector",
                folder.resolve("cpu"));
        List<String> compared = cpu.keySet().stream().filter(name -> name.startsWith("warm-up ")
                || name.startsWith("loss ") || name.startsWith("policy/grad_norm ") || name.startsWith("reward/mean "))
                .toList();
        assertThat(compared).hasSize(3 + 3 * 3);
        for (String name : compared) {
            assertThat(card.get(name)).as(name)
                    .isCloseTo(cpu.get(name), within(TOLERANCE * Math.max(1, Math.abs(cpu.get(name)))));
        }
        for (int step = 1; step <= 3; step++) {
            assertThat(card.get("ratio/sampler_mismatch_nats " + step)).as("mismatch of step " + step)
                    .isBetween(0.0, MISMATCH);
        }
    }

    /// What {@link CardSteps} prints, by name and step.
    private static Map<String, Double> steps(List<String> flags, String device, Path folder) {
        Map<String, Double> values = new TreeMap<>();
        for (String line : FreshJvm.lines(flags, CardSteps.class, device, folder)) {
            int last = line.lastIndexOf(' ');
            if (line.matches("\\S+ \\d+ \\S+")) {
                values.put(line.substring(0, last), Double.valueOf(line.substring(last + 1)));
            }
        }
        return values;
    }
}
