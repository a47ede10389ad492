package org.flowrl.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
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
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.Destination;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.tensor.io.Safetensors;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.PaddedBatch;
import org.flowrl.transformer.Qwen;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `forward`: logits, log-probabilities, entropies, loss and gradients of given tokens, for comparing with other tools.
@Command(name = "forward", mixinStandardHelpOptions = true, description = {"Compute a model on a padded batch.",
    "Input: input_ids I64 [B,T], optional attention_mask I64 [B,T] (left or right padding).",
    "Output, F32: logits [B,T,V], token_logprob [B,T-1], entropy [B,T], loss [1] (mean next-token cross-entropy over "
        + "positions where a token and its successor are both unmasked), and with --gradients grad.NAME of each "
        + "parameter. Masked positions are 0."})
final class ForwardCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A Hugging Face model folder.")
    private Path model;

    @Option(names = "--input", required = true, paramLabel = "FILE", description = "Safetensors file to read.")
    private Path input;

    @Option(names = "--output", required = true, paramLabel = "FILE",
            description = "Safetensors file to write or replace.")
    private Path output;

    @Option(names = "--gradients", description = "Also write the gradient of the loss towards each parameter.")
    private boolean gradients;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private CardOptions card;

    @Override
    public Integer call() {
        card.take();
        Destination.requireFile("forward: --output", output);
        Backends.Choice chosen = device.choose();
        try (Backend backend = chosen.backend(); Scope scope = Scope.root("forward", backend.memory())) {
            Safetensors in = Safetensors.open(input, scope);
            PaddedBatch batch = PaddedBatch.of(in.tensor("input_ids"),
                    in.has("attention_mask") ? in.tensor("attention_mask") : null);
            Targets targets = Targets.of(batch);
            ModelDirectory folder = ModelDirectory.open(model);
            folder.check();
            requireIds(batch, folder.config().vocabSize());
            DeviceOptions.show(chosen.choice());
            Qwen loaded = folder.load(new ParameterStore(backend, scope, DType.F32));
            Map<String, Tensor> results = new LinkedHashMap<>();
            try (Tape tape = gradients ? Tape.recording(backend, scope) : Tape.inference(backend, scope)) {
                compute(loaded, batch, targets, tape, results);
                createFolder();
                Safetensors.write(output, results, Map.of());
            }
        }
        return 0;
    }

    private void createFolder() {
        Path folder = output.toAbsolutePath().getParent();
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw IoFault.writing(folder, e);
        }
    }

    private void compute(Qwen model, PaddedBatch batch, Targets targets, Tape tape, Map<String, Tensor> results) {
        Scope scope = tape.scope();
        int n = targets.next().length;
        Var hidden = model.forward(tape, batch.pack(scope));                              // [N, D]
        Tensor logits = model.logits(tape.constant(hidden.value())).value();              // [N, V]
        Head.LogProbs head = Head.logProbs(hidden, model.head(), scope.of(targets.next(), n), 1);   // [N]
        results.put("logits", batch.unpack(logits, scope));
        results.put("entropy", batch.unpack(head.entropy().value(), scope));
        results.put("token_logprob", withoutLastColumn(batch, head.logProb().value(), targets, scope));
        Tensor chosen = scope.of(targets.predicting(), targets.predicting().length);
        Var logProbs = Rows.gather(Rows.reshape(head.logProb(), n, 1), chosen);
        Var loss = Pointwise.scale(Reductions.sum(logProbs), -1.0 / targets.predicting().length);
        results.put("loss", loss.value());
        if (gradients) {
            List<ParameterStore> stores = Stream.concat(Stream.of(model.store()),
                    model.adapters().stream()).toList();
            Gradients all = new Gradients(scope, stores);
            tape.backward(loss, all);
            for (Parameter parameter : stores.stream().flatMap(store -> store.parameters().stream()).toList()) {
                results.put("grad." + parameter.name(), all.of(parameter));
            }
        }
    }

    /// What follows each packed token.
    ///
    /// @param next the next token of each; 0 after a sequence's last
    /// @param predicting the packed places that have a next token
    private record Targets(int[] next, int[] predicting) {
        static Targets of(PaddedBatch batch) {
            int n = batch.sequences().stream().mapToInt(sequence -> sequence.length).sum();
            int[] next = new int[n];
            int[] predicting = new int[n - batch.sequences().size()];
            if (predicting.length == 0) {
                throw new IllegalArgumentException("forward: no sequence has a second token to predict");
            }
            int at = 0;
            int found = 0;
            for (int[] sequence : batch.sequences()) {
                for (int t = 0; t < sequence.length; t++) {
                    if (t + 1 < sequence.length) {
                        next[at] = sequence[t + 1];
                        predicting[found++] = at;
                    }
                    at++;
                }
            }
            return new Targets(next, predicting);
        }
    }

    /// [B, T − 1]: the log-probability of each token's successor, 0 where either is masked.
    private static Tensor withoutLastColumn(PaddedBatch batch, Tensor packed, Targets targets, Scope scope) {
        float[] known = new float[targets.next().length];
        float[] values = packed.toFloats();
        for (int place : targets.predicting()) {
            known[place] = values[place];
        }
        int rows = batch.sequences().size();
        int columns = batch.columns();
        Tensor padded = batch.unpack(scope.of(known, known.length), scope);
        Tensor shorter = scope.allocate(DType.F32, rows, columns - 1);
        for (int b = 0; b < rows; b++) {
            shorter.slice(b, 1).reshape(columns - 1)
                    .copyFrom(padded.slice(b, 1).reshape(columns).slice(0, columns - 1));
        }
        return shorter;
    }

    private static void requireIds(PaddedBatch batch, int vocabulary) {
        for (int b = 0; b < batch.sequences().size(); b++) {
            for (int id : batch.sequences().get(b)) {
                if (id >= vocabulary) {
                    throw new IllegalArgumentException("forward: input_ids row " + b + " holds " + id
                            + ", the model's vocabulary has " + vocabulary + " words");
                }
            }
        }
    }
}
