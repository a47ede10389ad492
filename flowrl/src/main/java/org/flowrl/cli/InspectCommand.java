package org.flowrl.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.Safetensors;
import org.flowrl.tensor.io.SafetensorsEntry;
import org.flowrl.transformer.AdapterFolder;
import org.flowrl.transformer.Lora;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.QwenConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `inspect`: what is in a model folder or a safetensors file, and how much memory the model takes; fails where the
/// file is not valid, or a plan does not fit the memory that was named.
@Command(name = "inspect", mixinStandardHelpOptions = true,
        description = "Show names, shapes and types in a model folder or a safetensors file, and check that it is "
                + "valid; with --plan, the memory that the model takes.")
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "PATH", description = "A Hugging Face model folder, or one .safetensors file.")
    private Path path;

    @Mixin
    private PlanOptions plan;

    private long elements;
    private long bytes;

    @Override
    public Integer call() {
        plan.take();
        if (plan.isWanted()) {
            return printPlan() ? 0 : 1;
        }
        if (Files.isDirectory(path)) {
            inspectFolder();
        } else {
            inspectFile(path);
        }
        System.out.printf(Locale.ROOT, "%,d elements, %,d bytes%n", elements, bytes);
        return 0;
    }

    /// A configuration suffices, unless it is that of the base of adapters.
    private boolean printPlan() {
        if (Files.isDirectory(path) && !Files.exists(path.resolve("config.json"))) {
            ModelDirectory directory = ModelDirectory.open(path);
            return plan.print(described(directory), directory.config(), directory.adapter().map(AdapterFolder::lora)
                    .orElseThrow(), System.out);
        }
        QwenConfig config = QwenConfig.read(Files.isDirectory(path) ? path.resolve("config.json") : path);
        return plan.print(described(config), config, Lora.NONE, System.out);
    }

    private void inspectFolder() {
        ModelDirectory directory = ModelDirectory.open(path);
        directory.check();
        System.out.println(described(directory));
        directory.weightFiles().forEach(this::inspectFile);
        if (directory.adapter().isEmpty()) {
            System.out.println(PlanOptions.summary(directory.config()));
        }
    }

    private static String described(ModelDirectory directory) {
        return described(directory.config()) + directory.adapter().map(adapter -> System.lineSeparator()
                + "adapters of " + adapter.base() + ": lora " + adapter.lora()).orElse("");
    }

    private static String described(QwenConfig config) {
        return String.format(Locale.ROOT, "%s: %d layers, width %d, %d query and %d key/value heads of %d, "
                + "feed-forward %d, vocabulary %d%s", config.modelType(), config.numHiddenLayers(), config.hiddenSize(),
                config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim(), config.intermediateSize(),
                config.vocabSize(), config.tieWordEmbeddings() ? ", tied embeddings" : "");
    }

    private void inspectFile(Path file) {
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("inspect", memory)) {
            Safetensors tensors = Safetensors.open(file, scope);
            System.out.println(file + (tensors.metadata().isEmpty() ? "" : " " + tensors.metadata()));
            for (SafetensorsEntry entry : tensors.entries()) {
                System.out.printf(Locale.ROOT, "  %-60s %-5s %s%n", entry.name(), entry.dtype(), entry.shape());
                elements += entry.shape().elements();
                bytes += entry.bytes();
            }
        }
    }
}
