package org.flowrl.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.flowrl.autograd.GradCheck;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.ops.Head;
import org.flowrl.rl.Policy;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.transformer.PackedSequences;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `doctor`: what this machine offers and whether the program's two promises hold on it: gradients are right, and the
/// log-probabilities of the sampler are those of the trainer to the bit.
@Command(name = "doctor", mixinStandardHelpOptions = true,
        description = "Show devices, speed and memory, and check gradients and rollout = training bits.")
final class DoctorCommand implements Callable<Integer> {
    private static final int MATRIX = 512;
    /// A weight beyond the caches of most machines: 101 MB.
    private static final int WEIGHT_ROWS = 28_160;
    private static final int WEIGHT_COLUMNS = 896;
    private static final long SETTLED_NANOSECONDS = 1_000_000_000;
    private static final double IMPROVEMENT = 0.97;
    private static final int VOCABULARY = 64;
    private static final double GRADIENT_BOUND = 1e-6;
    /// Nats between two orders of F32 sums in a small model; in a wrong kernel it is a thousand times more.
    private static final double MISMATCH_BOUND = 1e-4;
    private static final int GRADIENTS_PER_PARAMETER = 4;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private CardOptions card;

    @Override
    public Integer call() {
        card.take();
        try (Backend backend = device.choose().backend()) {
            show("java", "%s %s, %s %s", System.getProperty("java.vendor"), Runtime.version(),
                    System.getProperty("os.name"), System.getProperty("os.arch"));
            showMemory();
            for (BackendProvider.Candidate candidate : Backends.candidates()) {
                show("device", "%-10s %-12s %s", candidate.name(), candidate.available() ? "available" : "unavailable",
                        candidate.reason());
            }
            show("backend", "%s: %s", backend.name(), backend.description());
            showSpeeds(backend);
            boolean gradients = gradientsAreRight();
            boolean bits = samplerAgreesWithTrainer(backend);
            return gradients && bits ? 0 : 1;
        }
    }

    private static void show(String what, String format, Object... values) {
        System.out.printf(Locale.ROOT, "%-8s %s%n", what + ":", String.format(Locale.ROOT, format, values));
    }

    /// Tensors lie outside the heap, in what is free of the machine's memory.
    private static void showMemory() {
        OperatingSystemMXBean machine = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        show("memory", "%,d MiB, of which %,d are free; Java's heap takes at most %,d MiB of it, tensors lie outside",
                machine.getTotalMemorySize() >> 20, machine.getFreeMemorySize() >> 20,
                Runtime.getRuntime().maxMemory() >> 20);
    }

    /// Speeds of the opened backend, and of the same one on one thread where that is another.
    private static void showSpeeds(Backend backend) {
        if (backend.device().equals(Device.CPU)) {
            try (Backend single = Backends.open(backend.name(), 1).backend()) {
                if (!single.description().equals(backend.description())) {
                    showSpeed(single);
                }
            }
        }
        showSpeed(backend);
    }

    private static void showSpeed(Backend backend) {
        show("speed", "%.1f GFLOP/s in a product of %d x %d x %d, %.1f GB/s in reading %d MB of weights for one token "
                + "(%s)", productSpeed(backend, MATRIX, MATRIX, MATRIX, 2), MATRIX, MATRIX, MATRIX,
                productSpeed(backend, 1, WEIGHT_ROWS, WEIGHT_COLUMNS, Float.BYTES),
                WEIGHT_ROWS * WEIGHT_COLUMNS * Float.BYTES / 1_000_000, backend.description());
    }

    /// `perWeight` times the weights that a product of `rows` rows with an F32 weight [outputs, inputs] uses, for each
    /// nanosecond of the fastest call: 2 floating-point operations or 4 bytes a weight, which one row reads once.
    private static double productSpeed(Backend backend, int rows, int outputs, int inputs, int perWeight) {
        try (Scope scope = Scope.root("doctor", backend.memory())) {
            Tensor x = scope.zeros(DType.F32, rows, inputs);
            Tensor y = scope.allocate(DType.F32, rows, outputs);
            PackedMatrix w = backend.matmul().pack(scope.zeros(DType.F32, outputs, inputs), DType.F32, scope);
            Tensor last = y.reshape(y.elements()).slice(y.elements() - 1, 1);
            long best = Long.MAX_VALUE;
            long improved = System.nanoTime();
            // The first calls wait for the JIT compiler: what counts is a time that calls no longer improve on.
            for (long now = improved; now - improved < SETTLED_NANOSECONDS; ) {
                long start = now;
                backend.matmul().forward(x, w, null, y);
                // A card goes on computing after the call: a read waits for it.
                last.toFloats();
                now = System.nanoTime();
                if (now - start < IMPROVEMENT * best) {
                    improved = now;
                }
                best = Math.min(best, now - start);
            }
            return (double) perWeight * rows * outputs * inputs / best;
        }
    }

    private static boolean gradientsAreRight() {
        try (GradCheck check = GradCheck.open(GRADIENTS_PER_PARAMETER, RandomKey.of(1))) {
            ParameterStore store = check.store();
            Qwen model = Qwen.declare(store.root(), QwenConfig.tiny(VOCABULARY, 32, 1, VOCABULARY));
            store.allocate();
            store.initialize(RandomKey.of(2));
            List<int[]> tokens = List.of(new int[] {1, 2, 3, 4}, new int[] {5, 6});
            Tensor targets = check.scope().of(new int[] {2, 3, 4, 5, 6, 7}, 6);
            GradCheck.Result result = check.check((tape, none) -> Head.logProbs(
                    model.forward(tape, PackedSequences.of(tape.scope(), tokens)), model.head(), targets, 1).logProb(),
                    List.of(store));
            boolean right = result.relativeError() <= GRADIENT_BOUND;
            show("check", "%s: gradients of a small Qwen against finite differences, worst relative error %.1e",
                    right ? "ok" : "FAILED", result.relativeError());
            return right;
        }
    }

    private static boolean samplerAgreesWithTrainer(Backend backend) {
        int differing = 0;
        int count = 0;
        double largest = 0;
        try (Scope scope = Scope.root("doctor", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen model = Qwen.declare(store.root(), QwenConfig.tiny(VOCABULARY));
            store.allocate();
            store.initialize(RandomKey.of(1));
            List<int[]> prompts = List.of(new int[] {1, 2, 3}, new int[] {4, 5});
            List<Completion> completions;
            try (Scope rollout = scope.child("rollout")) {
                completions = new Generator(model, backend, rollout).generate(prompts, 4, SamplingLaw.ofTemperature(1),
                        24, Set.of(0), RandomKey.of(2));
            }
            List<Policy.Row> rows = new ArrayList<>();
            completions.forEach(c -> rows.add(new Policy.Row(prompts.get(c.prompt()), c.tokens())));
            List<float[]> scores = new Policy(backend, model, store).score(scope, rows, 1, Long.MAX_VALUE);
            for (int i = 0; i < scores.size(); i++) {
                count += scores.get(i).length;
                for (int t = 0; t < scores.get(i).length; t++) {
                    float scored = scores.get(i)[t];
                    float sampled = completions.get(i).logProbs()[t];
                    differing += Float.floatToRawIntBits(scored) == Float.floatToRawIntBits(sampled) ? 0 : 1;
                    largest = Math.max(largest, Math.abs(scored - sampled));
                }
            }
        }
        if (!backend.guarantees().rowInvariant()) {
            boolean close = largest <= MISMATCH_BOUND;
            show("check", "%s: sampled log-probabilities differ from the trainer's by at most %.1e nats (training "
                    + "recomputes them)", close ? "ok" : "FAILED", largest);
            return close;
        }
        show("check", "%s: %d of %d sampled log-probabilities differ from the trainer's bits",
                differing == 0 ? "ok" : "FAILED", differing, count);
        return differing == 0;
    }
}
