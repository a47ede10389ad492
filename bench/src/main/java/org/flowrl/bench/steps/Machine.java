package org.flowrl.bench.steps;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// Where measurements were made.
///
/// @param processor its name, family and model, as far as the system tells
/// @param description processor, cores, memory and JDK in one line
record Machine(String processor, String description) {
    /// This machine.
    static Machine current() {
        String name = cpuInfo("model name");
        String processor = name.isEmpty() ? System.getProperty("os.arch")
                : name + " family " + cpuInfo("cpu family") + " model " + cpuInfo("model");
        return new Machine(processor, processor + ", " + Runtime.getRuntime().availableProcessors() + " cores, "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", "
                + System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
    }

    /// The processor as part of a file name.
    String slug() {
        return processor.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    }

    /// The first value of a key in Linux's processor table; empty elsewhere.
    private static String cpuInfo(String key) {
        Path file = Path.of("/proc/cpuinfo");
        if (!Files.exists(file)) {
            return "";
        }
        try {
            return Files.readAllLines(file).stream().filter(line -> line.split("\\s*:")[0].equals(key)).findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse("");
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }
}
