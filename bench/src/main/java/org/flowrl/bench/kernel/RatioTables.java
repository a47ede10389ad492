package org.flowrl.bench.kernel;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Comparisons as Markdown: a summary by group, then every case. Ratios below 1, FlowRL's losses, are bold.
final class RatioTables {
    private static final String OURS = "flowrl";

    private RatioTables() {
    }

    /// The whole text, in the order of the comparisons.
    static String of(List<Comparison> comparisons) {
        Map<String, List<Comparison>> groups = comparisons.stream().collect(
                Collectors.groupingBy(one -> one.kernelCase().group(), LinkedHashMap::new, Collectors.toList()));
        StringBuilder text = new StringBuilder(summary(groups));
        groups.forEach((group, members) -> text.append("\n## ").append(capitalised(group)).append("\n\n")
                .append(table(members)));
        return text.toString();
    }

    /// One line for each group and number of threads: how many cases, mean, least and losses.
    private static String summary(Map<String, List<Comparison>> groups) {
        StringBuilder text = new StringBuilder("""
                | group | threads | cases | geometric mean | least | below 1 |
                |---|---:|---:|---:|---|---:|
                """);
        groups.forEach((group, members) -> members.stream().collect(Collectors.groupingBy(Comparison::threads))
                .forEach((threads, same) -> {
                    List<Comparison> compared = same.stream().filter(one -> one.ratio().isPresent()).toList();
                    if (!compared.isEmpty()) {
                        text.append(summaryLine(group, threads, compared));
                    }
                }));
        return text.toString();
    }

    private static String summaryLine(String group, int threads, List<Comparison> compared) {
        List<Double> ratios = compared.stream().map(one -> one.ratio().orElseThrow()).toList();
        double least = ratios.stream().min(Double::compare).orElseThrow();
        String where = compared.get(ratios.indexOf(least)).kernelCase().name();
        return "| " + group + " | " + threads + " | " + ratios.size() + " | "
                + ratio(Comparison.geometricMean(ratios)) + " | " + ratio(least) + " " + where + " | "
                + ratios.stream().filter(ratio -> ratio < 1).count() + " |\n";
    }

    private static String table(List<Comparison> members) {
        List<String> others = new ArrayList<>(new TreeSet<>(members.stream()
                .flatMap(one -> one.measurements().keySet().stream())
                .filter(engine -> !engine.equals(OURS)).toList()));
        StringBuilder text = new StringBuilder("| case | threads | time | " + OURS + ", "
                + members.getFirst().kernelCase().limit().unit());
        others.forEach(engine -> text.append(" | ").append(engine));
        text.append(" | ratio | of peak | difference |\n|---|---:|---:|---:").append("|---:".repeat(others.size()))
                .append("|---:|---:|---:|\n");
        members.forEach(one -> text.append(line(one, others)));
        return text.toString();
    }

    private static String line(Comparison one, List<String> others) {
        StringBuilder text = new StringBuilder("| " + one.kernelCase().name() + " | " + one.threads() + " | "
                + time(one.ours().median()) + " | " + speed(one.speed(one.ours())));
        for (String engine : others) {
            Measurement measurement = one.measurements().get(engine);
            text.append(" | ").append(measurement == null ? "" : speed(one.speed(measurement)));
        }
        return text.append(" | ").append(one.ratio().map(RatioTables::ratio).orElse(""))
                .append(" | ").append(one.shareOfPeak().map(share -> Math.round(share * 100) + " %").orElse(""))
                .append(" | ").append(String.format(Locale.ROOT, "%.0e", one.difference())).append(" |\n").toString();
    }

    /// Two decimals, bold where it is a loss.
    static String ratio(double ratio) {
        String number = String.format(Locale.ROOT, "%.2f", ratio);
        return ratio < 1 ? "**" + number + "**" : number;
    }

    /// Three digits with a unit of their own, from nanoseconds.
    static String time(double nanoseconds) {
        if (nanoseconds < 1e6) {
            return speed(nanoseconds / 1e3) + " µs";
        }
        return nanoseconds < 1e9 ? speed(nanoseconds / 1e6) + " ms" : speed(nanoseconds / 1e9) + " s";
    }

    /// Three digits.
    static String speed(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    }

    private static String capitalised(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }
}
