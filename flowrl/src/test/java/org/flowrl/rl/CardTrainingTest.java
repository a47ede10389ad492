package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.gpu.EmulatedCuda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Training on the emulated card, warm-up, sampling and updates included, goes as it goes on the CPU.
class CardTrainingTest {
    /// Relative: sums of F32 in other orders differ by about 1e-6 in a loss and a gradient, and each of a few updates
    /// carries that on, through AdamW's division by the root of a second moment that is young and small.
    private static final double TOLERANCE = 1e-4;
    /// Relative: both operands of a product rounded to BF16 are each wrong by up to 2^-9 of themselves, and so is a sum
    /// of many such products of random signs of its own size. The 15 products that follow one another in two blocks and
    /// the head add up to √15 times as much, 0.008, forward, and as much again backward.
    private static final double BFLOAT16_TOLERANCE = 0.016;
    /// Nats: the same forward pass through pages and through packed sequences.
    private static final double MISMATCH = 1e-5;
    private static final String[] ADAPTERS = {"lora.rank=4", "lora.alpha=8"};

    @TempDir
    private Path folder;

    @Test
    void momentsInBfloat16HaveTheLossesOfTheCpu() {
        String moments = "update.optimizer.adam.moments=BF16";
        assertAgrees(card("card", List.of(), moments), cpu(moments), TOLERANCE);
    }

    @Test
    void aFewStepsOfLatticeHaveTheLossesOfTheCpu() {
        assertAgrees(card("card", List.of()), cpu(), TOLERANCE);
    }

    @Test
    void adaptersHaveTheLossesOfTheCpuAndLeaveTheirBaseAlone() {
        Map<String, Double> card = card("card", List.of(), ADAPTERS);
        assertAgrees(card, cpu(ADAPTERS), TOLERANCE);
        assertThat(card.get("base 3")).isEqualTo(card.get("base 0"));
        assertThat(card.get("policy/kl_to_reference 1")).isNotEqualTo(card.get("policy/kl_to_reference 3"));
    }

    @Test
    void twentyStepsOfAdaptersAreTenAndTenResumedByteForByte() {
        String[] small = {"steps=20", "rollout.prompts=1", "rollout.samples=2", "warmUp.steps=1",
            "update.miniBatches=1"};
        card("whole", List.of(), with(ADAPTERS, small));
        small[0] = "steps=10,20";
        card("parts", List.of(), with(ADAPTERS, small));
        for (String file : List.of("adapter_model.safetensors", "trainer_state.safetensors")) {
            Path last = Path.of("checkpoints", "step-20", file);
            assertThat(folder.resolve("parts").resolve(last))
                    .hasSameBinaryContentAs(folder.resolve("whole").resolve(last));
        }
        assertThat(SmallRuns.numbers(folder.resolve("parts"))).hasSize(20)
                .isEqualTo(SmallRuns.numbers(folder.resolve("whole")));
    }

    /// Products of weights, activations and gradients in BF16.
    @Test
    void mixedPrecisionHasTheLossesOfTheCpuUpToItsRounding() {
        assertAgrees(card("card", List.of(), "weights=BF16"), cpu("weights=BF16"),
                BFLOAT16_TOLERANCE);
    }

    /// The rollout claims that every token was drawn with log-probability 0, of which a card's trainer believes
    /// nothing: importance weights are measured against what it computes anew. Of 700 words about equally likely the
    /// claim is wrong by log 700 = 6.55 nats.
    @Test
    void inMixedPrecisionOldLogProbabilitiesAreComputedAgainAndTheMismatchIsLogged() {
        Map<String, Double> metrics = CardProgram.run(List.of(), "train", "BF16", "0");
        assertThat(metrics.get("ratio/sampler_mismatch_nats")).isBetween(6.3, 6.8);
        assertThat(metrics.get("ratio/mean")).isCloseTo(1, within(MISMATCH));
        assertThat(metrics.get("ratio/max")).isCloseTo(1, within(MISMATCH));
        assertThat(metrics.get("policy/kl_to_old")).isCloseTo(0, within(MISMATCH));
    }

    private static void assertAgrees(Map<String, Double> card, Map<String, Double> cpu, double tolerance) {
        List<String> compared = cpu.keySet().stream().filter(name -> name.startsWith("warm-up ")
                || name.startsWith("loss ") || name.startsWith("policy/grad_norm ") || name.startsWith("reward/mean "))
                .toList();
        assertThat(compared).hasSize(3 + 3 * 3);
        for (String name : compared) {
            assertThat(card.get(name)).as(name)
                    .isCloseTo(cpu.get(name), within(tolerance * Math.max(1, Math.abs(cpu.get(name)))));
        }
        assertThat(cpu).doesNotContainKey("ratio/sampler_mismatch_nats 1");
        if (tolerance == TOLERANCE) {
            for (int step = 1; step <= 3; step++) {
                assertThat(card.get("ratio/sampler_mismatch_nats " + step)).as("mismatch of step " + step)
                        .isBetween(0.0, MISMATCH);
            }
        }
    }

    private Map<String, Double> card(String run, List<String> flags, String... settings) {
        List<String> all = new ArrayList<>(List.of("-Dgpu.libraries=" + EmulatedCuda.folder(),
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        all.addAll(flags);
        return steps(all, "cuda:0", run, settings);
    }

    private Map<String, Double> cpu(String... settings) {
        return steps(List.of("--add-modules=jdk.incubator.vector"), "vector", "cpu", settings);
    }

    /// What {@link CardSteps} prints, by name and step.
    private Map<String, Double> steps(List<String> flags, String device, String run, String... settings) {
        List<Object> arguments = new ArrayList<>(List.of(device, folder.resolve(run)));
        arguments.addAll(Arrays.asList(settings));
        Map<String, Double> values = new HashMap<>();
        for (String line : FreshJvm.lines(flags, CardSteps.class, arguments.toArray())) {
            int last = line.lastIndexOf(' ');
            if (line.matches("\\S+ \\d+ \\S+")) {
                values.put(line.substring(0, last), Double.valueOf(line.substring(last + 1)));
            }
        }
        return values;
    }

    private static String[] with(String[] settings, String[] more) {
        List<String> all = new ArrayList<>(Arrays.asList(settings));
        all.addAll(Arrays.asList(more));
        return all.toArray(String[]::new);
    }
}
