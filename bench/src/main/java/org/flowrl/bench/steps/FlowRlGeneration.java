package org.flowrl.bench.steps;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.bench.steps.StepEngine.Outcome;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;

/// Greedy decoding, or a prompt and the first token after it, with BF16 weights.
final class FlowRlGeneration implements StepEngine.Prepared {
    private final Backend backend;
    private final Workload workload;
    private final Scope scope;
    private final Generator generator;

    FlowRlGeneration(Backend backend, Workload workload) {
        this.backend = backend;
        this.workload = workload;
        this.scope = Scope.root("generation", backend.memory());
        ParameterStore store = new ParameterStore(backend, scope, DType.F32, DType.BF16);
        Qwen model = Qwen.declare(store.root(), workload.config());
        store.allocate();
        RandomWeights.fill(store, workload.config().initializerRange());
        this.generator = new Generator(model, backend, scope);
    }

    @Override
    public Outcome run() {
        // When the last prompt's first token was drawn, and when the last token was.
        long[] drawn = new long[2];
        boolean isDecoding = workload.kind() == Workload.Kind.DECODE;
        int[] heard = new int[1];
        long started = System.nanoTime();
        List<Completion> completions = generator.generate(workload.tokens(), 1, SamplingLaw.greedy(),
                isDecoding ? workload.newTokens() : 1, Set.of(), RandomKey.of(Workload.SEED),
                (prompt, sample, token, logProb) -> {
                    drawn[heard[0] < workload.sequences() ? 0 : 1] = System.nanoTime();
                    heard[0]++;
                });
        double seconds = (isDecoding ? drawn[1] - drawn[0] : drawn[0] - started) * 1e-9;
        return new Outcome(seconds, workload.creditedTokens(), Double.NaN,
                completions.stream().map(Completion::tokens).toList(), Map.of());
    }

    @Override
    public void close() {
        scope.close();
        backend.close();
    }
}
