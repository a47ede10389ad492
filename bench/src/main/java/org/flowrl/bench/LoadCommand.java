package org.flowrl.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `load`: how long a model folder takes to load, to the point where it computes: mapped, converted to F32 and packed.
///
/// The first load is a cold one where the file is not in the page cache, as after
/// `dd if=FOLDER/model.safetensors iflag=nocache count=0`.
@Command(name = "load", mixinStandardHelpOptions = true, description = {
    "Load a model folder and say how long it takes.",
    "A folder that is not there is written first: random weights in BF16, of the shapes of Qwen2.5-0.5B, 988 MB."})
final class LoadCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "A Hugging Face model folder of one model.safetensors.")
    private Path folder;

    @Option(names = "--times", defaultValue = "3", paramLabel = "N", description = "Loads, one after the other (3).")
    private int times;

    @Override
    public Integer call() throws IOException {
        try (Backend backend = Backends.open("cpu").backend()) {
            if (!Files.exists(folder)) {
                write(folder, backend);
            }
            double megabytes = Files.size(folder.resolve("model.safetensors")) / 1e6;
            for (int i = 0; i < times; i++) {
                load(folder, backend, megabytes);
            }
        }
        return 0;
    }

    private static void write(Path folder, Backend backend) {
        QwenConfig config = new QwenConfig(QwenConfig.QWEN2, 151_936, 896, 4864, 24, 14, 2, 64, 32_768, 1e-6, 1e6, true,
                true, 0.02, OptionalInt.empty(), List.of(151_643), OptionalInt.empty());
        try (Scope scope = Scope.root("write", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen.declare(store.root(), config);
            store.allocate();
            store.initialize(RandomKey.of(1));
            ModelDirectory.save(folder, config, store, DType.BF16, Optional.empty(),
                    ModelDirectory.DEFAULT_SHARD_BYTES);
        }
    }

    private static void load(Path folder, Backend backend, double megabytes) {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long cpu = system.getProcessCpuTime();
        long wall = System.nanoTime();
        try (Scope scope = Scope.root("load", backend.memory())) {
            ModelDirectory.open(folder).load(new ParameterStore(backend, scope, DType.F32));
            System.out.printf(Locale.ROOT, "%,.0f MB loaded in %.2f s, %.2f s of CPU%n", megabytes,
                    (System.nanoTime() - wall) / 1e9, (system.getProcessCpuTime() - cpu) / 1e9);
        }
    }
}
