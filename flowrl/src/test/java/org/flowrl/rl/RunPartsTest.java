package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.Safetensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How a step is divided, among threads and into parts that fit memory, is no part of its result.
class RunPartsTest {
    @TempDir
    private Path folder;

    @Test
    void threadsDoNotChangeAByteOfARun() {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        TrainConfig config = SmallRuns.config("flowrl", Map.of("steps", "3", "rollout.samples", "16"));
        SmallRuns.run(config, one, 1);
        SmallRuns.run(config, two, 2);
        Path state = Path.of("checkpoints", "step-3", "trainer_state.safetensors");
        assertThat(two.resolve(state)).hasSameBinaryContentAs(one.resolve(state));
        assertThat(SmallRuns.numbers(two)).isEqualTo(SmallRuns.numbers(one));
    }

    /// After one update the first moment is the clipped gradient times 1 − beta1. 1e-6 is the contract's bound on what
    /// the cuts may change: F32 rounding of sums in another order.
    @Test
    void whereAMiniBatchIsCutChangesItsGradientByRoundingAlone() {
        assertThat(distanceOfWholeAndCut("flowrl")).isPositive().isLessThanOrEqualTo(1e-6);
    }

    /// Checklist point 11. The defect weighs each part by 9 over the mini-batch's rows, so a batch in one part has 9 /
    /// 32 of the meant gradient and one in k parts some k times that, which clipping by the norm of 1 cannot hide where
    /// the norm is below it: the limit on it is raised.
    @Test
    void withTheReleasedCodesDefectWhereAMiniBatchIsCutDecidesItsGradient() {
        assertThat(distanceOfWholeAndCut("flowrl-released")).isGreaterThan(0.1);
    }

    /// Of the gradients of 32 responses in one part and in several, relative to the first.
    private double distanceOfWholeAndCut(String algorithm) {
        double[] whole = firstMoment(algorithm, 64);
        double[] parts = firstMoment(algorithm, 1);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < whole.length; i++) {
            difference += (whole[i] - parts[i]) * (whole[i] - parts[i]);
            norm += whole[i] * whole[i];
        }
        return Math.sqrt(difference / norm);
    }

    private double[] firstMoment(String algorithm, int mebibytes) {
        Path run = folder.resolve("run-" + mebibytes);
        TrainConfig config = SmallRuns.config(algorithm, Map.of("steps", "1", "rollout.samples", "16",
                "update.miniBatches", "1", "update.microBatchMebibytes", Integer.toString(mebibytes),
                "update.optimizer.adam.maxGradientNorm", "1e9"));
        SmallRuns.run(config, run);
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("test", memory)) {
            return Safetensors.open(run.resolve("checkpoints/step-1/trainer_state.safetensors"), scope)
                    .tensor("first_moment.0").toDoubles();
        }
    }
}
