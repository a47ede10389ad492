package org.flowrl.examples;

import java.util.Map;
import org.flowrl.rl.TrainingRun;

/// Prints the reward of each step.
record Printed() implements TrainingRun.Observer {
    @Override
    public void warmedUp(long step, long steps, double loss) {
        // The warm-up is silent.
    }

    @Override
    public void stepped(long step, long steps, Map<String, Double> metrics) {
        System.out.println("step " + step + " reward " + metrics.get("reward/mean"));
    }
}
