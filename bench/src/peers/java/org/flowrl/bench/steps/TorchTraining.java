package org.flowrl.bench.steps;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.flowrl.bench.steps.StepEngine.Outcome;

/// A training step of a Qwen2 model in libtorch: the same loss, clip and update as {@link FlowRlTraining}.
final class TorchTraining implements StepEngine.Prepared {
    private final Workload workload;
    private final boolean isAutocast;
    private final PointerScope memory = new PointerScope();
    private final TorchQwen model;
    private final TorchAdamW optimizer;
    private final Tensor inputs;
    private final Tensor targets;

    TorchTraining(Workload workload, boolean isAutocast) {
        this.workload = workload;
        this.isAutocast = isAutocast;
        // What is made here lives until close, though the scope leaves the thread's stack at once.
        try (PointerScope _ = memory.extend()) {
            this.model = new TorchQwen(workload.config(), workload.length());
            this.optimizer = new TorchAdamW(model.parameters(), FlowRlTraining.LEARNING_RATE);
            int length = workload.length();
            long[] fed = new long[workload.sequences() * length];
            long[] next = new long[fed.length];
            int row = 0;
            for (int[] tokens : workload.tokens()) {
                for (int t = 0; t < length; t++) {
                    fed[row * length + t] = tokens[t];
                    next[row * length + t] = tokens[t + 1];
                }
                row++;
            }
            this.inputs = Tensor.create(fed, workload.sequences(), length);
            this.targets = Tensor.create(next, fed.length);
        }
    }

    @Override
    public Outcome run() {
        Map<String, Double> stages = new LinkedHashMap<>();
        double value;
        long started = System.nanoTime();
        try (PointerScope step = new PointerScope()) {
            Tensor loss = forward(step);
            value = loss.item_double();
            long forward = System.nanoTime();
            loss.backward();
            long backward = System.nanoTime();
            optimizer.step();
            stages.put("forward", (forward - started) * 1e-9);
            stages.put("backward", (backward - forward) * 1e-9);
            stages.put("update", (System.nanoTime() - backward) * 1e-9);
        }
        return new Outcome((System.nanoTime() - started) * 1e-9, workload.creditedTokens(), value, List.of(), stages);
    }

    /// The loss, in `step`; what autograd does not keep is freed on return, as Python would.
    private Tensor forward(PointerScope step) {
        if (isAutocast) {
            torch.set_autocast_dtype(DeviceType.CPU, ScalarType.BFloat16);
            torch.set_autocast_enabled(DeviceType.CPU, true);
        }
        try (PointerScope _ = new PointerScope()) {
            Tensor loss = model.loss(inputs, targets);
            step.attach(loss);
            return loss;
        } finally {
            if (isAutocast) {
                torch.set_autocast_enabled(DeviceType.CPU, false);
                torch.clear_cache();
            }
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
