package org.flowrl.rl;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.transformer.PackedSequences;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;

/// A program that times training steps on a card: 8 sequences of 1,024 tokens through the shape of Qwen2.5-1.5B with
/// random weights, forward, backward and AdamW, nothing computed twice. `gpu/peer_step.py` is the same for PyTorch.
/// Started by `run-on-gpu.sh`; with the argument `small` it goes through the same motions at a size that the emulated
/// card can do.
final class CardTrainSpeed {
    /// Of an H100 or H200: BF16 without sparsity, by its data sheet.
    private static final double CARD_FLOPS = 990e12;
    private static final int WARM_UPS = 2;
    private static final int STEPS = 5;
    private static final double LEARNING_RATE = 1e-5;

    private final Backend backend;
    private final Scope scope;
    private final Qwen model;
    private final Gradients gradients;
    private final AdamW adam;
    private final PackedSequences tokens;
    private final Tensor targets;

    private CardTrainSpeed(Backend backend, Scope scope, QwenConfig config, int sequences, int length) {
        this.backend = backend;
        this.scope = scope;
        ParameterStore store = new ParameterStore(backend, scope, DType.F32, DType.BF16);
        model = Qwen.declare(store.root(), config);
        store.allocate();
        SpeedModels.fill(store, config);
        gradients = new Gradients(scope, List.of(store));
        adam = new AdamW(AdamW.Settings.defaults(), List.of(new AdamW.Group(store, 1)), scope);
        SplittableRandom random = new SplittableRandom(2);
        tokens = PackedSequences.of(scope, IntStream.range(0, sequences)
                .mapToObj(_ -> random.ints(length, 0, config.vocabSize()).toArray()).toList());
        targets = scope.of(random.ints((long) sequences * length, 0, config.vocabSize()).toArray(),
                sequences * length);
    }

    /// One step; the loss.
    private double step() {
        try (Tape tape = Tape.recording(backend, scope)) {
            Var hidden = model.forward(tape, tokens);
            Var loss = Pointwise.negate(Reductions.mean(Head.logProbs(hidden, model.head(), targets, 1).logProb()));
            tape.backward(loss, gradients);
            adam.step(gradients, LEARNING_RATE);
            return loss.value().toDoubles()[0];
        }
    }

    /// Multiplications and additions of the products: six for each number of a matrix and each token, and of attention
    /// seven halves of two products over half of each sequence's square.
    private double operations() {
        QwenConfig config = model.config();
        double count = targets.elements();
        double attention = 7.0 * count * tokens.longest() * config.numAttentionHeads() * config.headDim()
                * config.numHiddenLayers();
        return 6 * count * SpeedModels.matrixElements(model.store()) + attention;
    }

    /// Prints milliseconds, tokens each second and the share of the card's BF16 rate of a step.
    ///
    /// @param arguments nothing, or `small`
    public static void main(String[] arguments) {
        boolean isSmall = Arrays.asList(arguments).contains("small");
        QwenConfig config = isSmall ? SpeedModels.qwen2(37, 32, 44, 2, 4, 2)
                : SpeedModels.qwen2(151_936, 1536, 8960, 28, 12, 2);
        try (Backend backend = Backends.open("cuda:0", 1).backend();
                Scope scope = Scope.root("speed", backend.memory())) {
            System.out.println(backend.description());
            CardTrainSpeed speed = new CardTrainSpeed(backend, scope, config, isSmall ? 2 : 8, isSmall ? 9 : 1024);
            double[] seconds = new double[STEPS];
            for (int step = -WARM_UPS; step < STEPS; step++) {
                long start = System.nanoTime();
                double loss = speed.step();
                double taken = (System.nanoTime() - start) * 1e-9;
                System.out.printf(Locale.ROOT, "step %d: loss %.4f, %.1f ms%n", step, loss, 1e3 * taken);
                if (step >= 0) {
                    seconds[step] = taken;
                }
            }
            Arrays.sort(seconds);
            double median = seconds[STEPS / 2];
            System.out.printf(Locale.ROOT, "training step of %d tokens: %.1f ms, %,.0f tokens/s, %.1f TFLOP/s, %.1f %% "
                    + "of 990; %.1f GB of device memory%n", speed.targets.elements(), 1e3 * median,
                    speed.targets.elements() / median, speed.operations() / median * 1e-12,
                    100 * speed.operations() / median / CARD_FLOPS,
                    (backend.memory().bytesReserved() + backend.workspaceBytes()) * 1e-9);
        }
    }
}
