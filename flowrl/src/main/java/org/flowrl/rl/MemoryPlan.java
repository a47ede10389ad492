package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.Closing;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.cpu.PlanBackend;
import org.flowrl.transformer.Lora;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Generator;

/// How much memory a program takes, part by part. The program itself is run, on a backend that computes nothing
/// ({@link PlanBackend}): what a plan says is what {@link Memory} counts when the same calls are made in earnest.
///
/// A batch is planned full to the end. Where decoding steps are recorded, a real one that shrinks records its smaller
/// sizes, too, which lie where those of the full batch do and take their inputs alone beside them.
///
/// @param parts in the order in which they are taken
/// @param poolBytes the most that tensors hold at once: the pool's high-water mark
/// @param reservedBytes what the pool has asked of the device by then; free blocks of other sizes included
/// @param workspaceBytes chunk buffers of kernels, beside the pool
public record MemoryPlan(List<Part> parts, long poolBytes, long reservedBytes, long workspaceBytes) {
    /// Prompts and responses, all as long as the longest.
    ///
    /// @param prompts different prompts in a step
    /// @param samples responses to each prompt
    /// @param promptTokens tokens of a prompt
    /// @param responseTokens tokens of a response, the end token included
    public record Load(int prompts, int samples, int promptTokens, int responseTokens) {
        public Load {
            if (prompts < 1 || samples < 1 || promptTokens < 1 || responseTokens < 1) {
                throw new IllegalArgumentException("plan: prompts " + prompts + ", samples " + samples
                        + ", promptTokens " + promptTokens + " and responseTokens " + responseTokens
                        + " must be at least 1");
            }
        }

        /// Responses in a step.
        public int rows() {
            return Math.multiplyExact(prompts, samples);
        }

        private List<int[]> promptIds() {
            return Collections.nCopies(prompts, new int[promptTokens]);
        }
    }

    /// Memory with one purpose.
    ///
    /// @param name what it is for
    /// @param bytes of the pool's blocks
    /// @param isResident true where it is there as long as the program runs; false where it is freed before the next
    ///     part of this kind is taken, so that only the largest sum of a phase counts
    public record Part(String name, long bytes, boolean isResident) {
    }

    /// Bytes that a device must have: everything that the pool has asked for, and the chunk buffers.
    public long totalBytes() {
        return reservedBytes + workspaceBytes;
    }

    /// Bytes of the parts that stay, such as weights and moments.
    public long residentBytes() {
        return parts.stream().filter(Part::isResident).mapToLong(Part::bytes).sum();
    }

    /// What is planned for.
    ///
    /// @param card an NVIDIA card, which reads F32 weights as they are; empty for the CPU's vector backend
    /// @param threads of the CPU
    public record Machine(Optional<PlanBackend.Card> card, int threads) {
        /// A card.
        public static Machine card(PlanBackend.Card card) {
            return new Machine(Optional.of(card), 1);
        }

        /// The CPU.
        public static Machine cpu(int threads) {
            return new Machine(Optional.empty(), threads);
        }

        private PlanBackend open() {
            return card.map(PlanBackend::ofCard).orElseGet(() -> PlanBackend.ofCpu(threads));
        }
    }

    /// The plan of sampling from a model: its weights, the cache and one forward pass.
    ///
    /// @param lora adapters that it has
    /// @param packed type of the packed copies, F32 or BF16
    public static MemoryPlan generate(QwenConfig config, Lora lora, DType packed, Load load, Machine machine) {
        try (Dry dry = new Dry(machine)) {
            ParameterStore store = new ParameterStore(dry.backend, dry.run, DType.F32, packed);
            Qwen model = Weights.undefined(config).loadFrozen(store, false);
            dry.weights("", store);
            if (lora.isOn()) {
                ParameterStore adapters = store.beside();
                model = model.adapted(adapters.root(), lora);
                adapters.allocate();
                adapters.repack();
                dry.weights("adapters: ", adapters);
            }
            Policy policy = new Policy(dry.backend, model, store);
            dry.loaded();
            dry.sample(policy, load, 1);
            return dry.plan();
        }
    }

    /// The plan of {@link Trainer#step} on a model: policy and frozen reference, or one frozen model and adapters; the
    /// objective's own modules, gradients, moments, then sampling, scoring and updating.
    ///
    /// @param config whose objective, rollout and update settings, adapters and type of weights count
    /// @param load its prompts and samples stand for those of `config`
    /// @throws IllegalArgumentException where the responses cannot be cut into the updates of a step
    public static MemoryPlan train(QwenConfig model, TrainConfig config, Load load, Machine machine) {
        if (load.rows() % config.update().miniBatches() != 0) {
            throw new IllegalArgumentException("plan: update.miniBatches " + config.update().miniBatches()
                    + " must divide " + load.rows() + " responses");
        }
        try (Dry dry = new Dry(machine)) {
            Weights weights = Weights.undefined(model);
            Policy reference = Policies.reference(weights, config, dry.backend, dry.run);
            dry.weights(config.lora().isOn() ? "frozen model: " : "reference: ", reference.parameters());
            Policy policy = Policies.policy(weights, config, reference, dry.run, RandomKey.of(0));
            dry.weights(config.lora().isOn() ? "adapters: " : "policy: ", policy.parameters());
            dry.loaded();
            Objective objective = config.objective().create(
                    ObjectiveSettings.Context.of(policy, dry.run, RandomKey.of(0)));
            dry.resident("modules of the objective");
            Trainer trainer = Trainer.onRollouts(dry.run, policy, reference, objective, config);
            dry.gradientsAndMoments(config.update().optimizer().adam().moments());
            dry.sample(policy, load, config.rollout().temperature());
            MetricSums metrics = new MetricSums();
            Trainer.Scores scores = trainer.score(0, rollout(load), metrics);
            dry.phase("scoring: activations");
            trainer.update(0, scores, metrics);
            dry.phase("update: activations and their gradients");
            return dry.plan();
        }
    }

    /// The plan of {@link Supervised#step} on a model of F32 weights: weights, gradients and moments, then one step.
    ///
    /// @param adam whose type of moments counts
    /// @param load each of whose responses is an example with its prompt
    /// @param microBatchMebibytes activations of one backward pass at the most
    public static MemoryPlan sft(QwenConfig model, AdamW.Settings adam, Load load, int microBatchMebibytes,
            Machine machine) {
        try (Dry dry = new Dry(machine)) {
            ParameterStore store = new ParameterStore(dry.backend, dry.run, DType.F32);
            Policy policy = new Policy(dry.backend, Weights.undefined(model).load(store), store);
            dry.weights("", store);
            dry.loaded();
            Supervised supervised = new Supervised(dry.run, policy, adam, microBatchMebibytes, RandomKey.of(0));
            dry.gradientsAndMoments(adam.moments());
            supervised.step(Collections.nCopies(load.rows(), new Policy.Row(new int[load.promptTokens()],
                    new int[load.responseTokens()])), 0);
            dry.phase("step: activations and their gradients");
            return dry.plan();
        }
    }

    private static Rollout rollout(Load load) {
        List<Response> responses = new ArrayList<>();
        int[] prompt = new int[load.promptTokens()];
        for (int i = 0; i < load.rows(); i++) {
            responses.add(new Response(i / load.samples(), i % load.samples(), prompt, new int[load.responseTokens()],
                    new float[load.responseTokens()], false, "", new Verdict.Wrong(0)));
        }
        return new Rollout(responses, load.prompts());
    }

    /// A run on the planning backend; each method takes down what was taken since the one before.
    private static final class Dry implements AutoCloseable {
        private final PlanBackend backend;
        private final Memory memory;
        private final Scope run;
        private final List<Part> parts = new ArrayList<>();
        private long most;

        Dry(Machine machine) {
            backend = machine.open();
            memory = backend.memory();
            run = Scope.root("run", memory);
        }

        /// The memory of a store that was filled and packed since the last call.
        void weights(String owner, ParameterStore store) {
            long packed = store.packedBytes();
            boolean isWhole = store.parameters().stream().allMatch(Parameter::hasValue);
            if (packed > 0) {
                parts.add(new Part(owner + "packed copies, " + store.packedStorage(), packed, true));
            }
            resident(owner + (isWhole ? "weights, " : "embedding, norms, biases, ") + store.dtype());
        }

        /// What was held for a moment while weights were loaded is no part of a step.
        void loaded() {
            most = Math.max(most, memory.highWaterBytes());
            memory.resetHighWater();
        }

        /// Prompts are computed, and every sample is decoded to its last token. What is in use between two steps is the
        /// cache, and beside it recorded steps, of which there are none at the first token.
        void sample(Policy policy, Load load, double temperature) {
            long before = memory.bytesInUse();
            long[] used = {0, 0};
            new Generator(policy.model(), backend, run).generate(load.promptIds(), load.samples(),
                    SamplingLaw.ofTemperature(temperature), load.responseTokens(), Set.of(), RandomKey.of(0),
                    (prompt, sample, token, logProb) -> {
                        used[1] = Math.max(used[1], memory.bytesInUse() - before);
                        used[0] = used[0] == 0 ? used[1] : used[0];
                    });
            // Made in the model's first pass, to stay.
            long tables = memory.bytesInUse() - before;
            parts.add(new Part("sampling: keys and values", used[0] - tables, false));
            if (used[1] > used[0]) {
                parts.add(new Part("sampling: recorded steps of a full batch", used[1] - used[0], false));
            }
            phase("sampling: activations", used[1] - tables);
        }

        /// What was taken since the last call is there to stay; parts of one name are one.
        void resident(String name) {
            long bytes = memory.bytesInUse() - residentBytes();
            for (int i = 0; i < parts.size() && bytes > 0; i++) {
                if (parts.get(i).name().equals(name)) {
                    parts.set(i, new Part(name, parts.get(i).bytes() + bytes, true));
                    return;
                }
            }
            if (bytes > 0) {
                parts.add(new Part(name, bytes, true));
            }
        }

        /// A store has one arena of gradients, F32, and two of moments, with as many elements.
        void gradientsAndMoments(DType moments) {
            long arenas = memory.bytesInUse() - residentBytes();
            long gradients = arenas * DType.F32.bytes() / (DType.F32.bytes() + 2L * moments.bytes());
            parts.add(new Part("gradients", gradients, true));
            parts.add(new Part(moments == DType.F32 ? "moments" : "moments, " + moments, arenas - gradients, true));
        }

        /// What was in use at the most since the last call, and has been freed.
        void phase(String name) {
            phase(name, 0);
        }

        private void phase(String name, long counted) {
            // Made in a model's first pass.
            resident("rotary tables");
            parts.add(new Part(name, memory.highWaterBytes() - residentBytes() - counted, false));
            most = Math.max(most, memory.highWaterBytes());
            memory.resetHighWater();
        }

        MemoryPlan plan() {
            return new MemoryPlan(List.copyOf(parts), most, memory.bytesReserved(), backend.workspaceBytes());
        }

        private long residentBytes() {
            return parts.stream().filter(Part::isResident).mapToLong(Part::bytes).sum();
        }

        @Override
        public void close() {
            Closing.all(List.of(run::close, backend::close));
        }
    }
}
