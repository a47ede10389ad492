package org.flowrl.rl.compare;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.YamlRecords;
import org.flowrl.rl.report.Markup;
import org.flowrl.rl.report.Measure;
import org.flowrl.rl.report.Page;
import org.flowrl.rl.report.RunSections;
import org.flowrl.rl.report.Series;

/// A comparison as one self-contained page.
final class ComparisonPage {
    private final Results results;
    private final Comparison comparison;
    private final List<Measure> columns;
    private final Markup out;

    private ComparisonPage(Results results, Markup out) {
        this.results = results;
        this.comparison = results.comparison();
        this.columns = results.columns();
        this.out = out;
    }

    /// The page as text.
    static String html(Results results) {
        String names = results.comparison().contenders().stream().map(Contender::name)
                .collect(Collectors.joining(", "));
        return Page.of(results.comparison().task() + ": " + names, 0, out -> new ComparisonPage(results, out).write());
    }

    private void write() {
        headline();
        summary();
        List<Series> series = ComparisonFiles.series(results);
        if (!series.isEmpty()) {
            RunSections sections = new RunSections(out, series);
            sections.curves();
            sections.modes();
            sections.samples();
        }
        cells();
        protocol();
        if (!series.isEmpty()) {
            new RunSections(out, series).origin();
        }
    }

    private void headline() {
        Optional<Results.Spread> modes = comparison.contenders().stream()
                .flatMap(contender -> results.spread(contender, "exact/modes").stream()).findFirst();
        if (modes.isEmpty()) {
            return;
        }
        String parts = comparison.contenders().stream()
                .filter(contender -> results.spread(contender, Measure.ALIVE.metric()).isPresent())
                .map(contender -> contender.name() + " " + mean(contender, Measure.ALIVE) + " at accuracy "
                        + mean(contender, Measure.ACCURACY)).collect(Collectors.joining("; "));
        out.element("p", String.format(Locale.ROOT, "A prompt has %s correct answers on average. After %d steps, this "
                + "many are still alive: %s.", Measure.ALIVE.text(modes.get().mean()), comparison.steps(), parts),
                "class", "lead");
    }

    private String mean(Contender contender, Measure measure) {
        return results.spread(contender, measure.metric()).map(spread -> measure.text(spread.mean())).orElse("–");
    }

    private void summary() {
        out.open("section").element("h2", "Result");
        out.element("p", "Means over the reported seeds; below them the range, where there are several. "
                + columns.stream().map(measure -> measure.title() + ": " + measure.meaning())
                .collect(Collectors.joining(". ")) + ".");
        out.open("div", "class", "wide").open("table", "class", "cards", "id", "summary").open("thead").open("tr");
        out.element("th", "Algorithm").element("th", "Learning rate").element("th", "Seeds completed");
        columns.forEach(measure -> out.element("th", measure.title()));
        out.close().close().open("tbody").line();
        for (ComparisonTable.Line line : ComparisonTable.lines(results)) {
            out.open("tr").open("td").open("span", "class",
                    "dot c" + comparison.contenders().indexOf(line.contender()) % Series.COLOURS).close();
            out.text(line.contender().name()).close();
            out.element("td", line.rate().isEmpty() ? "none worked" : line.rate(), "data-label", "Learning rate");
            out.element("td", line.seeds(), "data-label", "Seeds completed");
            for (int i = 0; i < line.spreads().size(); i++) {
                spread(line.spreads().get(i), columns.get(i));
            }
            out.close().line();
        }
        out.close().close().close();
        comparison.contenders().stream().filter(contender -> !contender.note().isEmpty())
                .forEach(contender -> out.element("p", contender.name() + ": " + contender.note(), "class", "note"));
        out.close();
    }

    private void spread(Optional<Results.Spread> spread, Measure measure) {
        out.open("td", "data-label", measure.title()).open("span");
        out.text(spread.map(of -> measure.text(of.mean())).orElse("–"));
        spread.filter(of -> of.runs() > 1).ifPresent(of -> out.element("span", measure.text(of.low()) + " to "
                + measure.text(of.high()), "class", "range"));
        out.close().close();
    }

    private void cells() {
        out.open("section").element("h2", "Every run");
        out.element("p", "Those of the sweep, which chose learning rates, and those that are reported; those that "
                + "diverged or failed with the reason.");
        out.open("div", "class", "wide").open("table", "id", "cells").open("thead").open("tr");
        out.element("th", "Algorithm").element("th", "For", "class", "text").element("th", "Learning rate")
                .element("th", "Seed").element("th", "Steps");
        columns.forEach(measure -> out.element("th", measure.title()));
        out.element("th", "Training seconds").element("th", "Outcome", "class", "text");
        out.close().close().open("tbody").line();
        for (Results.Result result : results.cells()) {
            Cell cell = result.cell();
            out.open("tr").element("td", cell.contender().name())
                    .element("td", cell.phase() == Cell.Phase.SWEEP ? "sweep" : "report", "class", "text")
                    .element("td", ComparisonTable.rate(cell.learningRate()))
                    .element("td", Long.toString(cell.seed()))
                    .element("td", Long.toString(comparison.config(cell).steps()));
            for (Measure measure : columns) {
                Double value = result.metrics().get(measure.metric());
                out.element("td", value == null ? "–" : measure.text(value));
            }
            out.element("td", result.run().map(run -> String.format(Locale.ROOT, "%.0f", run.trainingSeconds()))
                    .orElse("–"));
            outcome(result.outcome());
            out.close().line();
        }
        out.close().close().close().close();
    }

    private void outcome(Outcome outcome) {
        if (outcome instanceof Outcome.Completed) {
            out.element("td", outcome.kind(), "class", "text");
        } else {
            out.open("td", "class", "reason").element("span", outcome.kind(), "class", "bad")
                    .text(": " + outcome.reason()).close();
        }
    }

    private void protocol() {
        TrainConfig any = comparison.config(comparison.reported(comparison.contenders().getFirst(),
                comparison.contenders().getFirst().learningRates().getFirst()).getFirst());
        String sweep = comparison.sweep().isEmpty() ? "Each algorithm has one learning rate; nothing was tuned."
                : String.format(Locale.ROOT, "Each algorithm was trained once with each of its learning rates on seed "
                + "%d, for %d steps; the rate with the highest %s was then used on the reported seeds. Seed %d is not "
                + "among them.", comparison.validationSeed(), comparison.sweepSteps(), comparison.chosenBy(),
                comparison.validationSeed());
        out.open("section").element("h2", "Protocol");
        out.element("p", sweep);
        out.element("p", String.format(Locale.ROOT, "Reported: seed%s %s, %d steps of %d prompts × %d samples, the "
                + "same for every algorithm. Model, warm-up and questions of a seed are the same for every algorithm "
                + "too. The learning rate rises, then falls along a half cosine that ends with the last step.",
                comparison.seeds().size() == 1 ? "" : "s",
                comparison.seeds().stream().map(Object::toString).collect(Collectors.joining(", ")),
                comparison.steps(), any.rollout().prompts(), any.rollout().samples()));
        out.element("p", "No run is left out. A run is a function of its configuration: the same comparison gives the "
                + "same figures on any machine with the same backend, whatever runs beside it; seconds alone differ.");
        out.open("details").element("summary", "comparison.yaml").element("pre", YamlRecords.text(comparison))
                .close().close();
    }
}
