package org.flowrl.bench.steps;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.flowrl.bench.Machine;

/// The table of a file of measurements, as Markdown.
final class StepsReport {
    /// Figures of Python peers on another machine (two AVX-512 cores), quoted from the project's issue 3, tokens a
    /// second.
    private static final Map<String, String> OTHER_MACHINE = Map.of(
            "train-0.5b", "PyTorch F32 38, BF16 autocast 77",
            "train-small", "PyTorch F32 5,161",
            "train-tiny", "PyTorch F32 134,000",
            "decode-1", "llama.cpp 27–31",
            "decode-8", "llama.cpp 44, PyTorch BF16 100",
            "prefill-512", "llama.cpp 330",
            "lattice", "TRL's GRPOTrainer 16,000, a jitted JAX script 34,000");

    private final Machine machine;
    private final List<Measurement> measurements;

    StepsReport(Machine machine, List<Measurement> measurements) {
        this.machine = machine;
        this.measurements = measurements;
    }

    /// The whole document.
    String markdown() {
        StringBuilder text = new StringBuilder("# Whole steps beside their peers\n\n");
        text.append(String.join("\n", machine.toMarkdown()));
        text.append("\n\nTokens a second: median of the timed runs, fastest run in parentheses. Ratio: median over "
                + "rounds of flowrl's speed by the peer's, above 1 where flowrl is faster. Brackets: what Python's "
                + "packages did on another machine. Same random weights and tokens for all; what was compared before "
                + "timing is in the last column.\n\n");
        text.append("| workload | threads | engine | tokens/s | flowrl is | compared | [other machine] |\n");
        text.append("|---|---|---|---|---|---|---|\n");
        for (Workload workload : Workload.all()) {
            rows(workload).forEach(row -> text.append(line(workload, row)));
        }
        text.append("\n## Stages, median seconds\n\n| workload | threads | engine | stages |\n|---|---|---|---|\n");
        for (Workload workload : Workload.all()) {
            rows(workload).stream().filter(row -> !row.stages().isEmpty()).forEach(row -> text.append(stages(row)));
        }
        text.append("\n## Workloads\n\n");
        Workload.all().forEach(workload -> text.append("- ").append(describe(workload)).append('\n'));
        text.append("\n## Engines\n\n");
        measurements.stream().map(row -> "- " + row.engine() + ": " + row.description() + "\n").distinct()
                .forEach(text::append);
        return text.toString();
    }

    private List<Measurement> rows(Workload workload) {
        return measurements.stream().filter(row -> row.workload().equals(workload.name()))
                .sorted(Comparator.comparingInt(Measurement::threads)
                        .thenComparing(row -> row.engine().equals(FlowRlEngine.NAME) ? "" : row.engine())).toList();
    }

    private String line(Workload workload, Measurement row) {
        return String.format(Locale.ROOT, "| %s | %d | %s | %s (%s) | %s | %s | %s |%n", workload, row.threads(),
                row.engine(), number(row.rate()), number(row.bestRate()),
                ratio(row).map(value -> String.format(Locale.ROOT, "%.2f×", value)).orElse(""), row.check(),
                row.engine().equals(FlowRlEngine.NAME) ? "[" + OTHER_MACHINE.get(workload.name()) + "]" : "");
    }

    /// Our speed by that of a peer's row, or empty where the row is ours or we were not measured.
    Optional<Double> ratio(Measurement peer) {
        return measurements.stream().filter(row -> row.engine().equals(FlowRlEngine.NAME)
                        && !peer.engine().equals(FlowRlEngine.NAME) && row.workload().equals(peer.workload())
                        && row.threads() == peer.threads()).findFirst().map(ours -> {
                            int rounds = Math.min(ours.seconds().size(), peer.seconds().size());
                            double[] ratios = new double[rounds];
                            for (int i = 0; i < rounds; i++) {
                                ratios[i] = peer.seconds().get(i) / peer.tokens()
                                        / (ours.seconds().get(i) / ours.tokens());
                            }
                            return Samples.median(ratios);
                        });
    }

    private static String stages(Measurement row) {
        double all = row.stages().values().stream().mapToDouble(Double::doubleValue).sum();
        String stages = row.stages().entrySet().stream().map(stage -> String.format(Locale.ROOT, "%s %.4g (%.0f %%)",
                stage.getKey(), stage.getValue(), 100 * stage.getValue() / all)).collect(Collectors.joining(", "));
        return "| " + row.workload() + " | " + row.threads() + " | " + row.engine() + " | " + stages + " |\n";
    }

    private static String describe(Workload workload) {
        String model = String.format(Locale.ROOT, "Qwen2 of width %d, %d layers, %d/%d heads of %d, feed-forward %d, "
                        + "vocabulary %,d", workload.config().hiddenSize(), workload.config().numHiddenLayers(),
                workload.config().numAttentionHeads(), workload.config().numKeyValueHeads(),
                workload.config().headDim(), workload.config().intermediateSize(), workload.config().vocabSize());
        return "`" + workload + "`: " + model + "; " + switch (workload.kind()) {
            case TRAIN -> workload.sequences() + " × " + workload.length()
                    + " tokens, forward, loss, backward, clip, AdamW, F32 weights";
            case DECODE -> workload.sequences() + " sequences, prompt " + workload.length() + ", "
                    + workload.newTokens() + " greedy tokens, BF16 weights; the prompt is not in the time";
            case PREFILL -> workload.length() + " tokens and the first token after them, BF16 weights";
            case LATTICE -> "20 prompts × 16 samples, 2 updates a step, evaluation excluded; response tokens";
        };
    }

    private static String number(double value) {
        return value < 100 ? String.format(Locale.ROOT, "%.1f", value) : String.format(Locale.ROOT, "%,.0f", value);
    }
}
