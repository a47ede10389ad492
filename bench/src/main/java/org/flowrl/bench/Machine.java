package org.flowrl.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// What a result was measured on.
///
/// @param processor the model in the words of the system, such as `AMD EPYC, family 25, model 1`
/// @param vectors the widest vector instructions with multiply-add, such as `AVX2`
/// @param cores logical processors that the JVM may use
/// @param system operating system and architecture
/// @param java vendor and version of the JDK
public record Machine(String processor, String vectors, int cores, String system, String java) {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

    /// The machine and JDK that this program runs on.
    public static Machine current() {
        String architecture = System.getProperty("os.arch");
        Map<String, String> facts = processorFacts();
        String processor = facts.containsKey("model name")
                ? facts.get("model name") + ", family " + facts.get("cpu family") + ", model " + facts.get("model")
                : architecture;
        List<String> flags = List.of(facts.getOrDefault("flags", "").split(" "));
        String vectors = flags.contains("avx512f") ? "AVX-512"
                : flags.contains("avx2") && flags.contains("fma") ? "AVX2" : architecture;
        return new Machine(processor, vectors, Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", " + architecture,
                System.getProperty("java.vendor") + " " + Runtime.version());
    }

    /// The processor as part of a file name: lower case, words joined by dashes.
    public String slug() {
        return processor.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    }

    /// Lines of a Markdown list.
    public List<String> toMarkdown() {
        return List.of("- machine: " + processor + ", " + vectors + ", " + cores + " logical processors",
                "- system: " + system, "- JDK: " + java);
    }

    /// The first processor's entry; empty where the system has no such file.
    private static Map<String, String> processorFacts() {
        Map<String, String> facts = new HashMap<>();
        if (!Files.isReadable(PROCESSORS)) {
            return facts;
        }
        try (Stream<String> lines = Files.lines(PROCESSORS)) {
            lines.takeWhile(line -> !line.isBlank()).forEach(line -> {
                int colon = line.indexOf(':');
                if (colon > 0) {
                    facts.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + PROCESSORS, e);
        }
        return facts;
    }
}
