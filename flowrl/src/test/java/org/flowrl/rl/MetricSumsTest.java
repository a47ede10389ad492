package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class MetricSumsTest {
    /// However values come in parts, their deviation is that of all of them, over their number: of 1, 2, 3, 4, 10 the
    /// mean is 4 and the mean square distance 50 / 5.
    @Test
    void deviationsOfPartsAreThatOfTheWhole() {
        double[] all = {1, 2, 3, 4, 10};
        for (int cut = 0; cut <= all.length; cut++) {
            MetricSums metrics = new MetricSums();
            metrics.deviation("x", Arrays.copyOf(all, cut));
            metrics.deviation("x", Arrays.copyOfRange(all, cut, all.length));
            assertThat(metrics.values().get("x")).as("cut at %d", cut).isCloseTo(Math.sqrt(10), within(1e-15));
        }
    }

    @Test
    void meansAreWeightedAndThoseOfNothingLeftOut() {
        MetricSums metrics = new MetricSums();
        metrics.mean("tokens", 6, 3);
        metrics.mean("tokens", 4, 1);
        metrics.mean("nothing", 0, 0);
        metrics.deviation("nothing either", new double[0]);
        metrics.max("largest", -2);
        metrics.max("largest", -3);
        assertThat(metrics.values()).hasSize(2).containsEntry("tokens", 2.5).containsEntry("largest", -2.0);
    }
}
