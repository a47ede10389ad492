package org.flowrl.rl.report;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/// The parts that pages of runs share: curves, spread over the correct answers, samples, where the numbers came from.
public final class RunSections {
    private static final int PROBLEMS = 5;
    private static final int PROMPTS = 2;
    private static final int SAMPLES = 12;
    private static final int LONGEST_SAMPLE = 400;

    private final Markup out;
    private final List<Series> series;

    /// @param series in the order of the legend
    public RunSections(Markup out, List<Series> series) {
        this.out = out;
        this.series = series;
    }

    /// What a run's evaluation says before training and after it; nothing while the run goes on.
    public void result() {
        RunFolder run = series.getFirst().runs().getFirst();
        if (run.reference().isEmpty() || run.evaluation().isEmpty()) {
            return;
        }
        out.open("section").element("h2", "Result").open("div", "class", "wide").open("table", "class", "cards");
        out.open("thead").open("tr").element("th", "Mean over problems");
        List<Measure> measures = Measure.columns(run.isExact());
        boolean isKnown = measures.stream().anyMatch(measure -> optimum(measure).isPresent());
        out.element("th", "Before training").element("th", "After");
        if (isKnown) {
            out.element("th", "Optimum");
        }
        out.close().close().open("tbody").line();
        for (Measure measure : measures) {
            OptionalDouble before = run.reference().get().metric(measure.metric());
            OptionalDouble after = run.evaluation().get().metric(measure.metric());
            if (before.isPresent() && after.isPresent()) {
                out.open("tr").open("td", "title", measure.meaning()).text(measure.title()).close();
                cell("Before training", measure, before);
                cell("After", measure, after);
                if (isKnown) {
                    cell("Optimum", measure, optimum(measure));
                }
                out.close().line();
            }
        }
        out.close().close().close().close();
    }

    private void cell(String label, Measure measure, OptionalDouble value) {
        out.element("td", value.isEmpty() ? "–" : measure.text(value.getAsDouble()), "data-label", label);
    }

    /// A chart for each measure that some run has.
    public void curves() {
        out.open("section").element("h2", "Over training");
        boolean several = series.stream().anyMatch(one -> one.runs().size() > 1);
        long stepsPerPoint = Course.stepsPerPoint(series.getFirst().runs().getFirst().config().steps());
        out.element("p", (several ? "Lines are means over seeds, bands their range. " : "")
                + "Point at a line for its figures. A dotted line is the optimum, where it is known."
                + (stepsPerPoint == 1 ? "" : " What every step measures is averaged over " + stepsPerPoint
                + " steps a point."));
        if (series.size() > 1) {
            legend();
        }
        out.open("div", "class", "grid");
        for (Measure measure : Measure.curves(series.getFirst().runs().getFirst().isExact())) {
            List<LineChart.Line> lines = lines(measure);
            if (!lines.isEmpty()) {
                chart(measure, lines);
            }
        }
        out.close().close();
    }

    /// A chart for each measure of training itself that changes; those that do not, and where the time went, in words.
    public void training() {
        out.open("section").element("h2", "How training went");
        RunFolder run = series.getFirst().runs().getFirst();
        out.element("p", TrainingTime.of(run).toString());
        List<String> constants = new ArrayList<>();
        out.open("div", "class", "grid");
        for (Measure measure : Measure.training()) {
            List<LineChart.Line> lines = lines(measure);
            DoubleSummaryStatistics values = lines.stream().flatMap(line -> line.course().points().stream())
                    .mapToDouble(Course.Point::mean).summaryStatistics();
            if (values.getMin() < values.getMax()) {
                chart(measure, lines);
            } else if (values.getCount() > 0) {
                constants.add(measure.title() + " " + measure.text(values.getMax()) + " ("
                        + measure.meaning() + ")");
            }
        }
        out.close();
        if (!constants.isEmpty()) {
            out.element("p", "The same at every point: " + String.join("; ", constants) + ".", "class", "note");
        }
        out.close();
    }

    private List<LineChart.Line> lines(Measure measure) {
        return series.stream().map(one -> new LineChart.Line(one, Course.of(measure.metric(), one.runs())))
                .filter(line -> !line.course().points().isEmpty()).toList();
    }

    private void chart(Measure measure, List<LineChart.Line> lines) {
        out.open("figure").element("h3", measure.title()).element("p", measure.meaning(), "class", "note");
        new LineChart(measure, lines, optimum(measure)).write(out);
        out.close();
    }

    /// For some problems, a bar for each correct answer, series by series; nothing where answers cannot be enumerated.
    public void modes() {
        List<RunFolder.Sheet> sheets = series.getFirst().runs().getFirst().sheets().stream()
                .filter(sheet -> !sheet.correct().isEmpty()).toList();
        if (sheets.isEmpty()) {
            return;
        }
        out.open("section").element("h2", "Which correct answers are alive");
        out.element("p", "A bar for each correct answer to a prompt: its share of all correct answers that the policy"
                + " gives, in the runs of seed " + series.getFirst().runs().getFirst().config().seed()
                + ". The scale is a square root, so that small shares are seen; the dotted line is an even spread, the"
                + " optimum where all correct answers earn the same.");
        int shown = Math.min(PROBLEMS, sheets.size());
        for (int i = 0; i < shown; i++) {
            RunFolder.Sheet sheet = sheets.get(i * sheets.size() / shown);
            out.open("details", i == 0 ? new String[] {"open", "open"} : new String[0]);
            out.element("summary", sheet.problem() + ", prompt " + sheet.prompt() + ": "
                    + sheet.correct().size() + " correct answers");
            out.open("div", "class", "grid");
            panel("before training", "reference", new ModeChart(sheet, RunFolder.Answer::referenceProbability),
                    sheet.correct().stream().mapToDouble(RunFolder.Answer::referenceProbability).sum(), sheet);
            series.forEach(one -> one.runs().getFirst().sheets().stream()
                    .filter(other -> other.problem().equals(sheet.problem())).findFirst()
                    .ifPresent(own -> panel(one.name(), one.style(),
                            new ModeChart(own, RunFolder.Answer::probability), own.accuracy(), own)));
            out.close().close();
        }
        out.close();
    }

    /// Answers that were sampled in the last kept rollout, the same prompts for all series where they have them.
    public void samples() {
        List<String> prompts = series.getFirst().runs().getFirst().samples().stream()
                .map(RunFolder.Sample::prompt).distinct().limit(PROMPTS).toList();
        if (prompts.isEmpty()) {
            return;
        }
        out.open("section").element("h2", "Sampled answers");
        out.element("p", "From the last rollout that was kept, runs of seed "
                + series.getFirst().runs().getFirst().config().seed() + ": the most frequent first.");
        for (String prompt : prompts) {
            out.element("h3", prompt).open("div", "class", "grid");
            series.forEach(one -> samples(one, prompt));
            out.close();
        }
        out.close();
    }

    /// What the manifests say; runs of one machine and program have one table.
    public void origin() {
        Map<String, String> manifest = new LinkedHashMap<>(series.getFirst().runs().getFirst().manifest());
        manifest.keySet().removeIf(key -> key.equals("seed") || key.equals("config_sha256")
                || key.equals("initial_weights_sha256"));
        out.open("section").element("h2", "Machine and program").open("dl");
        manifest.forEach((key, value) -> out.element("dt", key.replace('_', ' ')).element("dd", value));
        out.close().close();
    }

    private void legend() {
        out.open("div", "class", "legend");
        for (Series one : series) {
            out.open("span", "class", "key").open("svg", "viewBox", "0 0 28 10", "class", "swatch", "aria-hidden",
                    "true").empty("path", "class", "curve " + one.style(), "d", "M1 5H27").close();
            out.text(one.name()).close();
        }
        out.close();
    }

    /// Where a measure should end, if that is known.
    private OptionalDouble optimum(Measure measure) {
        String metric = switch (measure.metric()) {
            case "exact/accuracy" -> "exact/optimum_accuracy";
            case "exact/effective_modes" -> "exact/optimum_effective_modes";
            case "flowrl/log_z" -> "exact/optimum_log_z";
            default -> "";
        };
        return series.stream().flatMap(one -> one.runs().stream()).flatMap(run -> run.evaluation().stream())
                .flatMap(row -> row.metric(metric).stream().boxed()).mapToDouble(value -> value).findFirst();
    }

    private void panel(String name, String style, ModeChart chart, double accuracy, RunFolder.Sheet sheet) {
        String figures = String.format(Locale.ROOT, "accuracy %.3f, %.1f of %d alive", accuracy, chart.alive(),
                sheet.correct().size());
        out.open("figure").open("h4").open("span", "class", "dot " + style).close().text(name).close();
        out.element("p", figures, "class", "note");
        chart.write(out, style, name + ", " + sheet.prompt() + ": " + figures);
        out.close();
    }

    private void samples(Series one, String prompt) {
        Map<String, List<RunFolder.Sample>> texts = new LinkedHashMap<>();
        one.runs().getFirst().samples().stream().filter(sample -> sample.prompt().equals(prompt))
                .forEach(sample -> texts.computeIfAbsent(sample.text(), _ -> new ArrayList<>()).add(sample));
        List<List<RunFolder.Sample>> groups = texts.values().stream()
                .sorted((a, b) -> Integer.compare(b.size(), a.size())).toList();
        int total = groups.stream().mapToInt(List::size).sum();
        out.open("figure").open("h4").open("span", "class", "dot " + one.style()).close().text(one.name()).close();
        out.element("p", total == 0 ? "no sample of this prompt in that rollout" : groups.size() + " different of "
                + total + " sampled", "class", "note");
        out.open("ul", "class", "samples");
        groups.stream().limit(SAMPLES).forEach(group -> {
            RunFolder.Sample sample = group.getFirst();
            boolean correct = sample.verdict().equals("correct");
            out.open("li", "class", correct ? "right" : "wrong").element("span", correct ? "✓" : "✗", "class", "mark",
                    "title", sample.verdict());
            out.element("code", shortened(sample.text()));
            out.text(group.size() == 1 ? "" : " ×" + group.size()).close();
        });
        if (groups.size() > SAMPLES) {
            out.element("li", "and " + (groups.size() - SAMPLES) + " more", "class", "more");
        }
        out.close().close();
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST_SAMPLE ? text : text.substring(0, LONGEST_SAMPLE) + " …";
    }
}
