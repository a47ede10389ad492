package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `eval` with what surrounds a benchmark: a judge, which a server on the loopback interface stands in for, and
/// contests that are made up.
class EvalCommandTest {
    private static final int PARTICIPANTS = 201;

    @TempDir
    private static Path folder;
    private static Path model;

    @BeforeAll
    static void writeAModel() throws IOException {
        model = folder.resolve("model");
        SmallFolder.write(model);
    }

    private static CapturedRun eval(String benchmark, Path data, Path out, String... more) {
        List<String> arguments = new ArrayList<>(List.of("eval", "--model", model.toString(), "--benchmark", benchmark,
                "--data", data.toString(), "--out", out.toString(), "--samples", "2", "--max-tokens", "4", "--device",
                "reference"));
        arguments.addAll(List.of(more));
        return CapturedRun.of("", arguments.toArray(String[]::new));
    }

    private static Path problems(Path folder, int count) throws IOException {
        return Files.write(folder.resolve("problems.jsonl"), IntStream.range(0, count).mapToObj(i ->
                "{\"problem\": \"What is " + i + " + 1?\", \"answer\": \"" + (i + 1) + "\"}").toList());
    }

    /// Benchmarks whose files are not at hand for tests, from rows in the layout in which they are published.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "aime25 | math-verify, form dapo | {'question': 'What is 1 + 1?', 'answer': '2'}",
        "livecodebench | java, form java | {'question_content': 'Echo.', 'question_id': 'abc_a', 'starter_code': '', "
                + "'public_test_cases': '[{`input`: `1`, `output`: `1`, `testtype`: `stdin`}]', "
                + "'private_test_cases': '[]', 'metadata': '{}'}",
        "humaneval+ | java, form java | {'task_id': 'Java/0', 'prompt': 'class Solution {', 'declaration': "
                + "'class Solution {', 'test': 'public class Main { public static void main(String[] a) { } }'}"})
    void aPublishedFileRuns(String benchmark, String how, String row, @TempDir Path own) throws IOException {
        Path data = Files.writeString(own.resolve("rows.jsonl"), row.replace("'", "\"").replace("`", "\\\"") + "\n");
        CapturedRun run = eval(benchmark, data, own.resolve("answers.jsonl"));
        assumeFalse(run.err().contains("refuses to run programs"), run.err());
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).startsWith(benchmark + ": 1 of 1 problems x 2 samples, grader " + how);
        assertThat(Files.readAllLines(own.resolve("answers.jsonl"))).hasSize(2).allSatisfy(line ->
                assertThat(line).containsPattern("\"verdict\":\"(unparsable|wrong)\",\"score\":0.0[,}]"));
    }

    @Test
    void aQuestionThatCannotBeAskedLeavesNoFileBehind(@TempDir Path own) throws IOException {
        Path answers = own.resolve("answers.jsonl");
        CapturedRun run = CapturedRun.of("", "eval", "--model", model.toString(), "--benchmark", "aime24", "--data",
                problems(own, 1).toString(), "--out", answers.toString(), "--device", "reference", "--max-tokens",
                "5000");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("must not exceed max_position_embeddings 4096");
        assertThat(answers).doesNotExist();
    }

    /// The sixth problem's answer never comes.
    @Test
    void aJudgesScoresAndFailuresAreToldApart(@TempDir Path own) throws IOException {
        List<String> replies = List.of(saying("4"), saying("Score: 1"),
                "500 {\"error\": {\"message\": \"overloaded\"}}", "{\"choices\": [", "{\"choices\": []}");
        List<String> keys = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch end = new CountDownLatch(1);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            server.setExecutor(threads);
            server.createContext("/v1/chat/completions", exchange -> {
                keys.add(exchange.getRequestHeaders().getFirst("Authorization"));
                exchange.getRequestBody().readAllBytes();
                if (keys.size() > replies.size()) {
                    await(end);
                } else {
                    String reply = replies.get(keys.size() - 1);
                    boolean fails = reply.startsWith("500 ");
                    byte[] body = (fails ? reply.substring(4) : reply).getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(fails ? 500 : 200, body.length);
                    exchange.getResponseBody().write(body);
                }
                exchange.close();
            });
            server.start();
            Path data = problems(own, 6);
            CapturedRun run = eval("aime24", data, own.resolve("answers.jsonl"), "--judge", "http://127.0.0.1:"
                    + server.getAddress().getPort() + "/v1", "--judge-model", "stub", "--judge-key", "PATH",
                    "--judge-timeout", "1");
            end.countDown();
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.out().lines().dropWhile(line -> !line.startsWith("Diversity by stub"))).containsExactly(
                    "Diversity by stub: 2.50 (2 of 6 problems judged)",
                    "not judged: problems.jsonl-3: the judge answers with status 500: "
                            + "{\"error\": {\"message\": \"overloaded\"}}",
                    "not judged: problems.jsonl-4: the judge's reply is not JSON: Unexpected end-of-input: expected "
                            + "close marker for Array (start marker at line 1, column 13)",
                    "not judged: problems.jsonl-5: the judge's reply has no choices[0].message.content",
                    "not judged: problems.jsonl-6: request timed out",
                    "answers: " + own.resolve("answers.jsonl"));
            assertThat(keys).hasSize(6).containsOnly("Bearer " + System.getenv("PATH"));
        } finally {
            end.countDown();
            server.stop(0);
        }
    }

    private static String saying(String content) {
        return "{\"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": \"" + content + "\"}}]}";
    }

    private static void await(CountDownLatch end) throws IOException {
        try {
            end.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void aKeyThatIsNotInTheEnvironmentIsMissedBeforeAnythingIsAsked(@TempDir Path own) throws IOException {
        CapturedRun run = eval("aime24", problems(own, 1), own.resolve("answers.jsonl"), "--judge",
                "http://127.0.0.1:1/v1", "--judge-key", "NO_SUCH_VARIABLE_OF_FLOWRL");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).isEqualTo("error: eval: --judge-key NO_SUCH_VARIABLE_OF_FLOWRL must be an environment "
                + "variable that is set" + System.lineSeparator());
        assertThat(own.resolve("answers.jsonl")).doesNotExist();
    }

    /// Two contests of 201 participants, all of rating 1500, in which participant i has 2500 − 10·i points; nothing is
    /// solved, so the rank is 201 and the rating the largest r with 1 + 201 / (1 + 10^((r − 1500)/400)) ≥ 201, that is
    /// 1500 + 400·log10(201/200 − 1) = 579.6. A third one is too small to count.
    @Test
    void contestsRateAnswers(@TempDir Path own) throws IOException {
        writeContest(own, 1, PARTICIPANTS);
        writeContest(own, 2, PARTICIPANTS);
        writeContest(own, 3, 3);
        Path ratings = Files.writeString(own.resolve("ratings.json"), "[3000, 100, 579, 580]");
        CapturedRun run = eval("codeforces", programs(own, "1A", "2B"), own.resolve("answers.jsonl"), "--contests",
                own.toString(), "--user-ratings", ratings.toString());
        assumeFalse(run.err().contains("refuses to run programs"), run.err());
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().lines().filter(line -> line.startsWith("verdicts"))).containsExactly(
                "verdicts                 4 unparsable");
        assertThat(run.out().lines().dropWhile(line -> !line.startsWith("Codeforces"))).containsExactly(
                "Codeforces rating             579   from 2 of 3 stored contests",
                "percentile                   25.0",
                "answers: " + own.resolve("answers.jsonl"));
    }

    @Test
    void contestsOfOtherProblemsAreRefusedBeforeAnythingIsAsked(@TempDir Path own) throws IOException {
        writeContest(own, 1, PARTICIPANTS);
        Path data = programs(own, "7A");
        CapturedRun run = eval("codeforces", data, own.resolve("answers.jsonl"), "--contests", own.toString());
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).isEqualTo("error: eval: --contests " + own + ": none of its problems is among the 1 of "
                + data + ", whose ids must be like 1870A" + System.lineSeparator());
        assertThat(own.resolve("answers.jsonl")).doesNotExist();
    }

    private static Path programs(Path own, String... ids) throws IOException {
        return Files.write(own.resolve("programs.jsonl"), List.of(ids).stream().map(id -> "{\"id\": \"" + id
                + "\", \"problem\": \"Print the sum, " + id + ".\", \"tests\": [{\"input\": \"1 2\", "
                + "\"output\": \"3\"}]}").toList());
    }

    private static void writeContest(Path own, int id, int participants) throws IOException {
        String rows = IntStream.range(0, participants).mapToObj(i -> "{\"party\": {\"members\": [{\"handle\": \"u" + i
                + "\"}]}, \"points\": " + (2500 - 10 * i) + ", \"penalty\": 0}").collect(Collectors.joining(", "));
        String changes = IntStream.range(0, participants).mapToObj(i -> "{\"handle\": \"u" + i
                + "\", \"oldRating\": 1500}").collect(Collectors.joining(", "));
        Files.writeString(own.resolve(id + ".standings.json"), "{\"status\": \"OK\", \"result\": {\"problems\": ["
                + "{\"contestId\": " + id + ", \"index\": \"A\", \"points\": 500}, {\"contestId\": " + id
                + ", \"index\": \"B\", \"points\": 1000}], \"rows\": [" + rows + "]}}");
        Files.writeString(own.resolve(id + ".ratingChanges.json"), "{\"status\": \"OK\", \"result\": [" + changes
                + "]}");
    }
}
