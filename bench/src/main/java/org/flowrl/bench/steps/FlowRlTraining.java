package org.flowrl.bench.steps;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.bench.steps.StepEngine.Outcome;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.PackedSequences;
import org.flowrl.transformer.Qwen;

/// A training step of a Qwen2 model: the mean next-token loss over all tokens, its gradients, clip and AdamW.
final class FlowRlTraining implements StepEngine.Prepared {
    /// Of every step, here and in peers.
    static final double LEARNING_RATE = 1e-4;

    private final Backend backend;
    private final Workload workload;
    private final Scope scope;
    private final Qwen model;
    private final AdamW optimizer;
    private final Gradients gradients;

    FlowRlTraining(Backend backend, Workload workload) {
        this.backend = backend;
        this.workload = workload;
        this.scope = Scope.root("training", backend.memory());
        ParameterStore store = new ParameterStore(backend, scope, DType.F32);
        this.model = Qwen.declare(store.root(), workload.config());
        store.allocate();
        RandomWeights.fill(store, workload.config().initializerRange());
        this.optimizer = new AdamW(AdamW.Settings.defaults(), List.of(new AdamW.Group(store, 1)), scope);
        this.gradients = new Gradients(scope, List.of(store));
    }

    @Override
    public Outcome run() {
        List<int[]> inputs = new ArrayList<>();
        int[] targets = new int[workload.sequences() * workload.length()];
        for (int[] row : workload.tokens()) {
            System.arraycopy(row, 1, targets, inputs.size() * workload.length(), workload.length());
            inputs.add(Arrays.copyOf(row, workload.length()));
        }
        Map<String, Double> stages = new LinkedHashMap<>();
        double value;
        long started = System.nanoTime();
        try (Tape tape = Tape.recording(backend, scope)) {
            PackedSequences packed = PackedSequences.of(tape.scope(), inputs);
            Var hidden = model.forward(tape, packed);                                         // [N, D]
            Head.LogProbs head = Head.logProbs(hidden, model.head(), tape.scope().of(targets, targets.length), 1);
            Var loss = Pointwise.scale(Reductions.sum(head.logProb()), -1.0 / targets.length);
            value = loss.value().item();
            long forward = System.nanoTime();
            tape.backward(loss, gradients);
            long backward = System.nanoTime();
            stages.put("forward", (forward - started) * 1e-9);
            stages.put("backward", (backward - forward) * 1e-9);
        }
        long differentiated = System.nanoTime();
        optimizer.step(gradients, LEARNING_RATE);
        long ended = System.nanoTime();
        stages.put("update", (ended - differentiated) * 1e-9);
        return new Outcome((ended - started) * 1e-9, workload.creditedTokens(), value, List.of(), stages);
    }

    @Override
    public void close() {
        scope.close();
        backend.close();
    }
}
