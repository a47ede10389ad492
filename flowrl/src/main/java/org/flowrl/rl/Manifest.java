package org.flowrl.rl;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.flowrl.rl.task.Task;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.tensor.io.JsonText;

/// Where a run's numbers came from: hashes of code, data, configuration and first weights, and the machine.
final class Manifest {
    private static final String DATA = "data_sha256";
    private static final String WEIGHTS = "initial_weights_sha256";

    private Manifest() {
    }

    /// The manifest of a run that is about to start, as JSON text.
    ///
    /// @param weights hash of the weights that training starts from
    static String of(TrainConfig config, Task task, Backend backend, String weights) {
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("seed", config.seed());
        manifest.put("config_sha256", ConfigFile.hash(config));
        manifest.put(DATA, dataHash(task));
        manifest.put(WEIGHTS, weights);
        Path code = code();
        manifest.put("code", code.toString());
        manifest.put("code_sha256", Files.isRegularFile(code) ? Hashes.sha256(code) : "not one file");
        manifest.put("commit", commit());
        manifest.put("java", System.getProperty("java.vendor") + " " + Runtime.version());
        manifest.put("jvm_flags", ManagementFactory.getRuntimeMXBean().getInputArguments());
        manifest.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        manifest.put("processors", Runtime.getRuntime().availableProcessors());
        manifest.put("backend", backend.name() + ": " + backend.description());
        manifest.put("backend_row_invariant", backend.guarantees().rowInvariant());
        return JsonText.of(manifest);
    }

    /// Refuses to go on with other problems than a run began with.
    ///
    /// @param folder of the run
    static void requireSameData(Path folder, Task task) {
        requireSame(folder, DATA, dataHash(task), "the problems of task " + task.name());
    }

    /// Refuses to go on upon another base than a run of adapters began with.
    ///
    /// @param folder of the run
    /// @param weights hash of the base's weights
    /// @param base its folder
    static void requireSameBase(Path folder, String weights, Path base) {
        requireSame(folder, WEIGHTS, weights, "the weights in " + base);
    }

    private static void requireSame(Path folder, String key, String hash, String what) {
        Path file = folder.resolve("manifest.json");
        try {
            String began = JsonMapper.builder().build().readTree(Files.readString(file)).path(key).asText();
            if (!began.equals(hash)) {
                throw new IllegalArgumentException("resume: " + what + " are not those that " + file
                        + " says the run began with");
            }
        } catch (IOException e) {
            throw IoFault.reading(file, e);
        }
    }

    private static String dataHash(Task task) {
        return Hashes.sha256(task.problems().toString().getBytes(StandardCharsets.UTF_8));
    }

    /// The commit that the code was built from, as the build wrote it beside this class, `-dirty` after it where files
    /// differed from it.
    private static String commit() {
        try (InputStream in = Manifest.class.getResourceAsStream("commit.txt")) {
            String commit = in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            return commit.isEmpty() ? "unknown: not built by Maven from a git checkout" : commit;
        } catch (IOException e) {
            throw IoFault.doing("commit.txt", e);
        }
    }

    /// The jar or folder that this class was loaded from.
    private static Path code() {
        try {
            return Path.of(Manifest.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the code's own location is no path", e);
        }
    }
}
