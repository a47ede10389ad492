package org.flowrl.examples;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.Policy;
import org.flowrl.rl.objective.Objective.PromptStates;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;

/// REINFORCE written out, without a task and a trainer: a tiny Qwen learns to say token 7.
/// ```
/// loss = −(1 / tokens) · Σ over tokens of (r − mean r) · log π(token)
/// ```
public final class ReinforceByHand {
    private static final int VOCABULARY = 16;
    private static final int WANTED = 7;
    private static final int SAMPLES = 32;
    private static final int MAX_TOKENS = 4;
    private static final int[] PROMPT = {1, 2};

    private ReinforceByHand() {
    }

    /// @param arguments number of steps
    public static void main(String... arguments) {
        try (Backend backend = Backends.open("cpu", 1).backend(); Scope scope = Scope.root("run", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen model = Qwen.declare(store.root(), QwenConfig.tiny(VOCABULARY));
            store.initialize(RandomKey.of(1));
            Policy policy = new Policy(backend, model, store);
            Gradients gradients = new Gradients(scope, List.of(store));
            AdamW adam = new AdamW(AdamW.Settings.defaults(), List.of(new AdamW.Group(store, 1)), scope);
            for (int step = 0; step < Integer.parseInt(arguments[0]); step++) {
                List<Completion> samples = new Generator(model, backend, scope).generate(List.of(PROMPT), SAMPLES,
                        SamplingLaw.ofTemperature(1), MAX_TOKENS, Set.of(0), RandomKey.of(2).fold(step));
                double mean = samples.stream().mapToDouble(ReinforceByHand::reward).average().orElseThrow();
                List<Policy.Row> rows = new ArrayList<>();
                List<Float> advantages = new ArrayList<>();
                for (Completion sample : samples) {
                    rows.add(new Policy.Row(PROMPT, sample.tokens()));
                    Arrays.stream(sample.tokens()).forEach(_ -> advantages.add((float) (reward(sample) - mean)));
                }
                try (Tape tape = Tape.recording(backend, scope)) {
                    Var logProbs = policy.evaluate(tape, rows, 1, PromptStates.NONE).logProbs();
                    Var weighted = Pointwise.multiply(logProbs, tape.constant(vector(tape.scope(), advantages)));
                    tape.backward(Pointwise.negate(Reductions.mean(weighted)), gradients);
                }
                adam.step(gradients, 3e-3);
                System.out.println("step " + (step + 1) + " reward " + mean);
            }
        }
    }

    private static double reward(Completion sample) {
        return Arrays.stream(sample.tokens()).filter(token -> token == WANTED).count() / (double) MAX_TOKENS;
    }

    private static Tensor vector(Scope scope, List<Float> values) {
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i);
        }
        return scope.of(floats, floats.length);
    }
}
