package org.flowrl.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Policy;
import org.flowrl.rl.Supervised;
import org.flowrl.rl.SupervisedData;
import org.flowrl.rl.TrainConfig;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.Destination;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.text.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sft`: supervised fine-tuning on text or on prompts with responses.
@Command(name = "sft", mixinStandardHelpOptions = true, description = {"Fine-tune a model on given text.",
    "Data: JSONL with {\"text\": ...} or {\"prompt\": ..., \"response\": ...} a line; prompts carry no loss."})
final class SftCommand implements Callable<Integer> {
    /// Activations of one backward pass at the most.
    static final int MICRO_BATCH_MEBIBYTES = 256;
    /// Examples of a step, where nothing is said.
    static final int BATCH = 8;

    @Option(names = "--model", required = true, paramLabel = "DIR",
            description = "A Hugging Face model folder to start from.")
    private Path model;

    @Option(names = "--data", required = true, paramLabel = "FILE", description = "JSONL file, plain or .gz.")
    private Path data;

    @Option(names = "--out", required = true, paramLabel = "DIR",
            description = "Folder to write, which must not exist.")
    private Path out;

    @Option(names = "--steps", defaultValue = "100", paramLabel = "N", description = "Optimizer steps (default: 100).")
    private long steps;

    @Option(names = "--batch", defaultValue = "" + BATCH, paramLabel = "N",
            description = "Examples in a step (default: 8).")
    private int batch;

    @Option(names = "--learning-rate", defaultValue = "1e-5", paramLabel = "X",
            description = "Highest rate (default: 1e-5).")
    private double learningRate;

    @Option(names = "--warmup", defaultValue = "10", paramLabel = "N",
            description = "Steps of rising rate (default: 10).")
    private long warmup;

    @Option(names = "--weight-decay", defaultValue = "0", paramLabel = "X",
            description = "Decoupled decay (default: 0).")
    private double weightDecay;

    @Option(names = "--max-length", defaultValue = "1024", paramLabel = "N",
            description = "Examples with more tokens are refused (default: 1024).")
    private int maxLength;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N",
            description = "Decides the order of examples (default: 1).")
    private long seed;

    @Mixin
    private DeviceOptions device;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A key of the optimizer, as in train's "
            + "configuration, such as update.optimizer.adam.moments=BF16, which halves the memory of moments, or how a "
            + "card is used. Repeatable." + CardSettings.KEYS)
    private Map<String, String> settings = new LinkedHashMap<>();

    @Override
    public Integer call() {
        CardSettings.take(settings);
        AdamW.Settings adam = ConfigFile.with(AdamW.Settings.defaults().withWeightDecay(weightDecay), settings);
        Destination.requireNew("sft: --out", out);
        requirePositive("--steps", steps);
        requirePositive("--batch", batch);
        TrainConfig.Optimizer optimizer = new TrainConfig.Optimizer(learningRate, Math.min(warmup, steps), steps, 0.1,
                adam);
        Backends.Choice chosen = device.choose();
        try (Backend backend = chosen.backend(); Scope scope = Scope.root("sft", backend.memory())) {
            ModelDirectory folder = whole(ModelDirectory.open(model));
            folder.check();
            Tokenizer tokenizer = folder.tokenizer();
            SupervisedData examples = SupervisedData.read(data, tokenizer, maxLength);
            DeviceOptions.show(chosen.choice());
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Policy policy = new Policy(backend, folder.load(store), store);
            RandomKey key = RandomKey.of(seed).fold("sft");
            Supervised supervised = new Supervised(scope, policy, adam, MICRO_BATCH_MEBIBYTES, key);
            for (long step = 0; step < steps; step++) {
                List<Policy.Row> rows = examples.draw(key, step * batch, batch);
                Supervised.StepResult result = supervised.step(rows, optimizer.rate(step));
                System.out.printf(Locale.ROOT, "step %d/%d  loss %.4f nats per token  grad norm %.3f  %,d tokens%n",
                        step + 1, steps, result.loss(), result.gradientNorm(), result.tokens());
            }
            ModelDirectory.save(out, policy.model(), tokenizer);
        }
        System.out.println("model: " + out);
        return 0;
    }

    /// Refuses adapters: the whole model is changed and saved.
    private static ModelDirectory whole(ModelDirectory folder) {
        folder.adapter().ifPresent(adapter -> {
            throw new IllegalArgumentException("sft: " + folder.path() + " holds adapters, it must be a whole model, "
                    + "such as their base " + adapter.base());
        });
        return folder;
    }

    private static void requirePositive(String option, long value) {
        if (value < 1) {
            throw new IllegalArgumentException("sft: " + option + " " + value + " must be at least 1");
        }
    }
}
