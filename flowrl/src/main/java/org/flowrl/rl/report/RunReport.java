package org.flowrl.rl.report;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.TrainConfig;
import org.flowrl.tensor.io.AtomicFile;

/// One run as a page: `report.html` in its folder.
public final class RunReport {
    private RunReport() {
    }

    /// Writes `report.html` into a run's folder and returns the file.
    public static Path write(Path folder) {
        Path file = folder.resolve("report.html");
        AtomicFile.write(file, html(folder, 0));
        return file;
    }

    /// The page of a run that is over or goes on.
    ///
    /// @param refreshSeconds after which a browser loads it again; 0 for never
    static String html(Path folder, int refreshSeconds) {
        RunFolder run = RunFolder.read(folder);
        TrainConfig config = run.config();
        Series series = new Series(config.objective().algorithm(), 0, List.of(run));
        return Page.of(config.objective().algorithm() + " on " + config.task(), refreshSeconds, out -> {
            out.element("p", summary(run), "class", "lead");
            RunSections sections = new RunSections(out, List.of(series));
            sections.result();
            if (!run.rows().isEmpty()) {
                sections.curves();
            }
            sections.modes();
            sections.samples();
            if (!run.rows().isEmpty()) {
                sections.training();
            }
            out.open("section").element("h2", "Configuration").open("details").element("summary", "config.yaml")
                    .element("pre", ConfigFile.text(config)).close().close();
            sections.origin();
        });
    }

    private static String summary(RunFolder run) {
        TrainConfig config = run.config();
        long done = run.rows().isEmpty() ? 0 : run.rows().getLast().step();
        String text = String.format(Locale.ROOT, "%d of %d steps, %d prompts × %d samples each, seed %d.", done,
                config.steps(), config.rollout().prompts(), config.rollout().samples(), config.seed());
        Optional<RunFolder.Row> end = run.evaluation().filter(row -> row.metric(Measure.ACCURACY.metric()).isPresent());
        return text + end.map(row -> String.format(Locale.ROOT, " Accuracy %s; %s of %s correct answers alive, "
                + "mean over prompts.", Measure.ACCURACY.text(row.metrics().get("exact/accuracy")),
                Measure.ALIVE.text(row.metrics().get("exact/effective_modes")),
                Measure.ALIVE.text(row.metrics().get("exact/modes")))).orElse("");
    }
}
