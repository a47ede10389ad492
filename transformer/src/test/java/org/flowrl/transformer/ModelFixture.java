package org.flowrl.transformer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// A model on a backend of its own, and what tests ask of it.
public final class ModelFixture implements AutoCloseable {
    private final Backend backend;
    private final Scope scope;
    private final ParameterStore store;
    private final Qwen model;

    private ModelFixture(Backend backend, DType dtype, Function<ParameterStore, Qwen> make) {
        this.backend = backend;
        this.scope = Scope.root("test", backend.memory());
        this.store = new ParameterStore(backend, scope, dtype);
        this.model = make.apply(store);
    }

    /// The CPU backends that work on this machine, or the one that the system property `flowrl.backend` names, as where
    /// a card is held to their numbers.
    public static Stream<String> backends() {
        String named = System.getProperty("flowrl.backend");
        return named != null ? Stream.of(named) : Backends.candidates().stream()
                .filter(candidate -> candidate.available() && !candidate.name().startsWith("cuda"))
                .map(BackendProvider.Candidate::name);
    }

    /// A model with random weights, the same on every backend.
    public static ModelFixture random(QwenConfig config, String backend, int threads, DType dtype, long seed) {
        return new ModelFixture(Backends.open(backend, threads).backend(), dtype, store -> {
            Qwen model = Qwen.declare(store.root(), config);
            store.allocate();
            randomize(store, RandomKey.of(seed));
            return model;
        });
    }

    /// Random values for allocated parameters; biases and norms are moved off 0 and 1 so that they matter.
    public static void randomize(ParameterStore store, RandomKey key) {
        store.initialize(key);
        for (Parameter parameter : store.parameters()) {
            if (parameter.shape().rank() == 1) {
                RandomKey own = key.fold("vector").fold(parameter.name());
                double[] values = parameter.value().toDoubles();
                for (int i = 0; i < values.length; i++) {
                    values[i] += 0.1 * own.normal(i);
                }
                store.set(parameter, values);
            }
        }
        store.repack();
    }

    /// A model from a folder.
    public static ModelFixture load(Path folder, String backend, int threads, DType dtype) {
        return new ModelFixture(Backends.open(backend, threads).backend(), dtype, ModelDirectory.open(folder)::load);
    }

    /// Random token ids below the vocabulary's size.
    public static List<int[]> sequences(QwenConfig config, long seed, int... lengths) {
        List<int[]> sequences = new ArrayList<>();
        for (int i = 0; i < lengths.length; i++) {
            RandomKey key = RandomKey.of(seed).fold(i);
            int[] ids = new int[lengths[i]];
            Arrays.setAll(ids, t -> key.nextInt(t, config.vocabSize()));
            sequences.add(ids);
        }
        return sequences;
    }

    public Backend backend() {
        return backend;
    }

    public Scope scope() {
        return scope;
    }

    public ParameterStore store() {
        return store;
    }

    public Qwen model() {
        return model;
    }

    /// What is known of the next token at each of N packed positions. The last position of a sequence predicts nothing:
    /// its log-probability is that of token 0.
    ///
    /// @param logits [N · V]
    public record Scores(double[] logits, double[] logProbs, double[] entropies) {
    }

    /// Scores whole sequences.
    public Scores score(List<int[]> sequences) {
        try (Tape tape = Tape.inference(backend, scope)) {
            return scores(model.forward(tape, PackedSequences.of(tape.scope(), sequences)), sequences);
        }
    }

    /// Scores hidden states [N, D] of whole sequences.
    public Scores scores(Var hidden, List<int[]> sequences) {
        int[] next = sequences.stream().flatMapToInt(ids -> {
            int[] shifted = Arrays.copyOfRange(ids, 1, ids.length + 1);
            return Arrays.stream(shifted);
        }).toArray();
        Tensor targets = hidden.tape().scope().of(next, next.length);
        Head.LogProbs head = Head.logProbs(hidden, model.head(), targets, 1);
        return new Scores(model.logits(hidden).value().toDoubles(), head.logProb().value().toDoubles(),
                head.entropy().value().toDoubles());
    }

    /// Mean next-token cross-entropy of the sequences, [1].
    public Var loss(Tape tape, List<int[]> sequences, Qwen.Activations activations) {
        List<Integer> rows = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        int start = 0;
        for (int[] ids : sequences) {
            for (int t = 0; t + 1 < ids.length; t++) {
                rows.add(start + t);
                targets.add(ids[t + 1]);
            }
            start += ids.length;
        }
        Scope memory = tape.scope();
        Var hidden = model.forward(tape, PackedSequences.of(memory, sequences), activations);
        Var predicting = Rows.gather(hidden, integers(memory, rows));
        Head.LogProbs head = Head.logProbs(predicting, model.head(), integers(memory, targets), 1);
        return Pointwise.negate(Reductions.mean(head.logProb()));
    }

    /// Adds the loss's gradients; the loss.
    public double differentiate(List<int[]> sequences, Qwen.Activations activations, Gradients gradients) {
        try (Tape tape = Tape.recording(backend, scope)) {
            Var loss = loss(tape, sequences, activations);
            tape.backward(loss, gradients);
            return loss.value().item();
        }
    }

    private static Tensor integers(Scope scope, List<Integer> values) {
        return scope.of(values.stream().mapToInt(Integer::intValue).toArray(), values.size());
    }

    @Override
    public void close() {
        scope.close();
        backend.close();
    }
}
