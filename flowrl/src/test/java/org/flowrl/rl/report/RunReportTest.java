package org.flowrl.rl.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xml.sax.InputSource;

/// One run of eleven steps with an evaluation every fifth.
class RunReportTest {
    @TempDir
    private static Path folder;

    private static Path run;

    @BeforeAll
    static void train() {
        run = folder.resolve("run");
        train("lattice", 11, run);
    }

    private static void train(String preset, long steps, Path run) {
        TrainConfig config = ConfigFile.with(Presets.config(preset, "flowrl"), new LinkedHashMap<>(Map.of(
                "warmUp.steps", "3", "warmUp.batch", "4", "rollout.prompts", "2", "rollout.samples", "2", "steps",
                Long.toString(steps), "evaluateEvery", "5")));
        TrainingRun.Observer silence = new TrainingRun.Observer() {
            @Override
            public void warmedUp(long step, long steps, double loss) {
            }

            @Override
            public void stepped(long step, long steps, Map<String, Double> metrics) {
            }
        };
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun training = TrainingRun.start(backend, config, run, silence)) {
            training.run();
        }
    }

    /// Accuracy is the mass on correct answers; 1e-9 is the rounding of sums of 28 to 70 numbers in F64.
    @Test
    void theAnswersOfARunAddUpToItsAccuracy() {
        RunFolder read = RunFolder.read(run);
        assertThat(read.sheets()).hasSize(5);
        assertThat(read.sheets().stream().mapToInt(sheet -> sheet.correct().size()))
                .containsExactly(28, 56, 70, 56, 28);
        double mean = read.sheets().stream().mapToDouble(RunFolder.Sheet::accuracy).average().orElseThrow();
        assertThat(mean).isCloseTo(read.evaluation().orElseThrow().metrics().get("exact/accuracy"), within(1e-9));
        double before = read.sheets().stream().flatMap(sheet -> sheet.correct().stream())
                .mapToDouble(RunFolder.Answer::referenceProbability).sum() / 5;
        assertThat(before).isCloseTo(read.reference().orElseThrow().metrics().get("exact/accuracy"), within(1e-9));
    }

    @Test
    void samplesAreThoseOfTheLastStep() {
        assertThat(RunFolder.read(run).samples()).hasSize(4)
                .allMatch(sample -> sample.prompt().matches("<bos>\\d\\d<sep>"));
        assertThat(run.resolve("rollouts").toFile().list()).containsExactlyInAnyOrder("step-5.jsonl", "step-10.jsonl",
                "step-11.jsonl");
    }

    /// Of eleven steps each is a point. As the beginning of 120 steps they are five, five and one.
    @Test
    void aCourseHasEvaluationsAsTheyAreAndSamplesAveragedWhereTheyAreMany() {
        RunFolder read = RunFolder.read(run);
        assertThat(steps("exact/accuracy", read)).containsExactly(0L, 5L, 10L, 11L);
        assertThat(steps("reward/mean", read)).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L);

        RunFolder longer = new RunFolder(ConfigFile.with(read.config(), Map.of("steps", "120")), read.rows(),
                read.reference(), read.evaluation(), read.sheets(), read.samples(), read.manifest());
        assertThat(steps("exact/accuracy", longer)).containsExactly(0L, 5L, 10L, 11L);
        assertThat(steps("reward/mean", longer)).containsExactly(5L, 10L, 11L);
        double secondFive = read.rows().subList(5, 10).stream().mapToDouble(row -> row.metrics().get("reward/mean"))
                .average().orElseThrow();
        assertThat(Course.of("reward/mean", List.of(longer)).points().get(1).mean())
                .isCloseTo(secondFive, within(1e-12));
    }

    private static List<Long> steps(String metric, RunFolder run) {
        return Course.of(metric, List.of(run)).points().stream().map(Course.Point::step).toList();
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "50, 1", "51, 2", "100, 2", "120, 5", "300, 10", "900, 20", "1000000, 20000"})
    void aRunHasAtMostFiftyPointsOfRoundWidth(long steps, long width) {
        assertThat(Course.stepsPerPoint(steps)).isEqualTo(width);
    }

    /// Seconds and bytes are the run's own; what does not change has no picture.
    @Test
    void aPageSaysHowTrainingWent() throws IOException {
        RunFolder read = RunFolder.read(run);
        double rollout = read.rows().stream().mapToDouble(row -> row.metrics().get("time/rollout_seconds")).sum();
        String html = Files.readString(RunReport.write(run));
        assertThat(html).contains("11 steps took " + String.format(Locale.ROOT, "%.1f s: %.0f %% sampling",
                read.trainingSeconds(), 100 * rollout / read.trainingSeconds()), "<h3>Gradient norm</h3>",
                "<h3>Response length</h3>", "The same at every point: ").doesNotContain("<h3>Clipped tokens</h3>");
    }

    @Test
    void aSinglePointIsSeen() throws IOException {
        Path one = folder.resolve("one");
        train("lattice", 1, one);
        assertThat(Files.readString(RunReport.write(one))).contains("class=\"lone point c0\"", "1 of 1 steps");
    }

    @Test
    void thePageIsWellFormedAndAsksTheNetworkForNothing() throws Exception {
        String html = Files.readString(RunReport.write(run));
        assertThat(html).doesNotContain("://", "src=", "href=", "url(", "@import", "<link", "<script", "<img",
                "http-equiv");
        DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new InputSource(new StringReader(html.substring(html.indexOf('\n')))));
        assertThat(html).contains("11 of 11 steps", "28 correct answers", "Sampled answers", "algo: flowrl");
    }

    /// Peaks of 1, 1, 0.8 and 0.6 have weights 1, 1, e^-2 and e^-4 in FlowRL's optimum (k = 10 nats) from an even
    /// reference: shares .464, .464, .063 and .009, whose e^H is 2.53. Here the reference is hardly trained and uneven,
    /// but two of the four still have nearly all.
    @Test
    void answersOfUnequalRewardAreNotAllAliveAtTheOptimum() throws IOException {
        Path peaks = folder.resolve("peaks");
        train("modes", 1, peaks);
        String html = Files.readString(RunReport.write(peaks));
        double alive = RunFolder.read(peaks).evaluation().orElseThrow().metrics().get("exact/optimum_effective_modes");
        assertThat(alive).isBetween(1.5, 3.0);
        assertThat(html).contains("<title>optimum: " + Measure.ALIVE.text(alive) + "</title>");
    }

    @Test
    void aDashboardShowsARunThatHasNotBegunAndOneThatGoesOn() throws Exception {
        Path going = folder.resolve("going");
        try (Dashboard dashboard = Dashboard.open(going, 0); HttpClient client = HttpClient.newHttpClient()) {
            assertThat(get(client, dashboard, "/").body()).contains("The run has not begun", "http-equiv=\"refresh\"");
            Files.createDirectories(going);
            for (String file : new String[] {"config.yaml", "manifest.json", "metrics.jsonl"}) {
                Files.copy(run.resolve(file), going.resolve(file));
            }
            Files.writeString(going.resolve("metrics.jsonl"), "{\"step\":12,\"lo",
                    java.nio.file.StandardOpenOption.APPEND);
            HttpResponse<String> page = get(client, dashboard, "/");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.body()).contains("11 of 11 steps", "<svg");
            assertThat(get(client, dashboard, "/../secret").statusCode()).isEqualTo(404);
        }
    }

    private static HttpResponse<String> get(HttpClient client, Dashboard dashboard, String path)
            throws IOException, InterruptedException {
        URI address = URI.create("http://localhost:" + dashboard.port() + path);
        return client.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
    }
}
