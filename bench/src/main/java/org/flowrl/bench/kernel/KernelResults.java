package org.flowrl.bench.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.flowrl.bench.Machine;

/// The results of one machine: a file of measurements, `kernels-MACHINE.csv`, and the table made from it,
/// `kernels-MACHINE.md`. A case that is measured again replaces its earlier measurements; others are kept, so that
/// a long report can be made in pieces.
final class KernelResults {
    private final Machine machine;
    private final Path csv;
    private final Path markdown;
    private final Map<String, Measurement> measurements = new LinkedHashMap<>();

    /// Reads what is there already.
    ///
    /// @throws IOException where the folder cannot be made or the file cannot be read
    KernelResults(Path folder, Machine machine) throws IOException {
        this.machine = machine;
        Files.createDirectories(folder);
        csv = folder.resolve("kernels-" + machine.slug() + ".csv");
        markdown = folder.resolve("kernels-" + machine.slug() + ".md");
        if (Files.exists(csv)) {
            Files.readAllLines(csv).stream().skip(1).map(Measurement::parse).forEach(this::put);
        }
    }

    /// The table's file.
    Path markdown() {
        return markdown;
    }

    /// True where this case has been measured on this number of threads.
    boolean holds(KernelCase kernelCase, int threads) {
        return measurements.values().stream()
                .anyMatch(one -> one.caseName().equals(kernelCase.name()) && one.threads() == threads);
    }

    /// Takes the measurements of one case and number of threads, and forgets the earlier ones of that case.
    void replace(List<Measurement> measured) {
        Measurement first = measured.getFirst();
        measurements.values().removeIf(old -> old.caseName().equals(first.caseName())
                && old.threads() == first.threads());
        measured.forEach(this::put);
    }

    /// Writes both files; nothing where nothing has been measured.
    ///
    /// @param command the command line that was last run
    void write(String command) throws IOException {
        if (measurements.isEmpty()) {
            return;
        }
        List<String> lines = new ArrayList<>(List.of(Measurement.HEADER));
        measurements.values().stream().map(Measurement::toLine).forEach(lines::add);
        Files.write(csv, lines);
        Files.writeString(markdown, heading(command) + RatioTables.of(comparisons()));
    }

    /// All comparisons in the order of {@link KernelCases#all}, then of threads; cases that are no longer in that list
    /// come last.
    List<Comparison> comparisons() {
        Map<String, Map<String, Measurement>> byCase = new LinkedHashMap<>();
        List<String> order = KernelCases.all().stream().map(KernelCase::name).toList();
        measurements.values().stream()
                .sorted(Comparator.comparingInt((Measurement one) -> rank(order, one.caseName()))
                        .thenComparing(Measurement::threads))
                .forEach(one -> byCase.computeIfAbsent(one.caseName() + " " + one.threads(),
                        key -> new LinkedHashMap<>()).put(one.engine(), one));
        return byCase.values().stream().filter(engines -> engines.containsKey("flowrl"))
                .map(engines -> {
                    Measurement any = engines.values().iterator().next();
                    return new Comparison(KernelCase.parse(any.caseName()), any.threads(), engines);
                }).toList();
    }

    private static int rank(List<String> order, String name) {
        int index = order.indexOf(name);
        return index < 0 ? order.size() : index;
    }

    private String heading(String command) {
        List<LocalDateTime> times = measurements.values().stream().map(Measurement::when).toList();
        List<String> lines = new ArrayList<>(List.of("# Kernels beside their peers", ""));
        lines.addAll(machine.toMarkdown());
        lines.add("- peers: " + String.join(", ", Engine.all().stream()
                .filter(engine -> engine.role() == Engine.Role.PEER)
                .map(engine -> engine.name() + " " + engine.version()).toList()));
        String rounds = measurements.values().stream().map(one -> one.nanoseconds().size()).distinct().sorted()
                .map(String::valueOf).collect(Collectors.joining(" or "));
        lines.add("- measured: " + Collections.min(times) + " to " + Collections.max(times) + ", " + rounds
                + " rounds a case; their times are in `" + csv.getFileName() + "`");
        lines.add("- last command: `java -jar bench/target/benchmarks.jar " + command + "`");
        return String.join("\n", lines) + """


                *Ratio*: the fastest peer's time / FlowRL's, each pair measured side by side, the median over rounds; \
                above 1 FlowRL is faster, **bold** is a loss. Speeds are medians, in the unit of FlowRL's column. \
                *Of peak*: FlowRL's speed beside multiply-adds in registers, or beside a plain copy, in the same \
                rounds. *Difference*: the largest one between results, as a share of the largest element. \
                The reference is scalar Java on one thread.

                """;
    }

    private void put(Measurement measurement) {
        measurements.put(measurement.caseName() + " " + measurement.threads() + " " + measurement.engine(),
                measurement);
    }
}
