package org.flowrl.rl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Against a stub server on the loopback interface.
class DiversityJudgeTest {
    private final Deque<String> replies = new ArrayDeque<>();
    private final List<JsonNode> requests = new ArrayList<>();
    private final List<String> keys = new ArrayList<>();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/chat/completions", exchange -> {
            requests.add(new JsonMapper().readTree(exchange.getRequestBody()));
            keys.add(exchange.getRequestHeaders().getFirst("Authorization"));
            String reply = replies.pop();
            int status = reply.equals("503") ? 503 : 200;
            byte[] body = reply.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private DiversityJudge judge(Optional<String> key) {
        return new DiversityJudge("http://127.0.0.1:" + server.getAddress().getPort() + "/v1/", "stub", key,
                DiversityJudge.DEFAULT_TIMEOUT);
    }

    private static String saying(String content) {
        return "{\"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": \"" + content + "\"}}]}";
    }

    private static List<GradedAnswer> group(String id, int samples) {
        return IntStream.range(0, samples).mapToObj(i -> new GradedAnswer(new Problem(id, "What is 3 + 4?", "7"), i,
                "way " + i + " " + "long ".repeat(200) + "end " + i, 9, true, Optional.empty(),
                new Verdict.Correct(1))).toList();
    }

    @Test
    void scoresAreReadAndWholeResponsesSent() throws InterruptedException {
        replies.add(saying("4"));
        replies.add(saying("Score: 2"));
        DiversityJudge.Scores scores = judge(Optional.of("secret")).judge(List.of(group("a", 16), group("b", 16)));
        assertThat(scores.scores()).containsExactly(4, 2);
        assertThat(scores.mean()).contains(3.0);
        assertThat(scores.failures()).isEmpty();
        assertThat(keys).containsExactly("Bearer secret", "Bearer secret");
        JsonNode request = requests.getFirst();
        assertThat(request.get("model").asText()).isEqualTo("stub");
        assertThat(request.get("temperature").asInt()).isZero();
        assertThat(request.get("max_tokens").asInt()).isEqualTo(5);
        assertThat(request.get("messages").get(0).get("content").asText()).contains("at least 14 of the 16",
                "at least 11", "at least 7", "at least 4");
        assertThat(request.get("messages").get(1).get("content").asText())
                .contains("What is 3 + 4?", "end 0", "end 15");
    }

    @Test
    void thresholdsAreScaledToTheNumberOfResponses() throws InterruptedException {
        replies.add(saying("5"));
        judge(Optional.empty()).judge(List.of(group("a", 8)));
        // 14/16, 11/16, 7/16 and 4/16 of 8: 7, 5.5, 3.5 and 2.
        assertThat(requests.getFirst().get("messages").get(0).get("content").asText()).contains("at least 7 of the 8",
                "at least 6", "at least 4", "at least 2");
        assertThat(keys).containsExactly((String) null);
    }

    @Test
    void failuresAreReportedApart() throws InterruptedException {
        replies.add(saying("3"));
        replies.add("503");
        replies.add("not json");
        replies.add("{\"error\": \"quota\"}");
        replies.add(saying("many"));
        replies.add(saying("16"));
        DiversityJudge.Scores scores = judge(Optional.empty()).judge(List.of(group("a", 2), group("b", 2),
                group("c", 2), group("d", 2), group("e", 2), group("f", 2)));
        assertThat(scores.mean()).contains(3.0);
        assertThat(scores.failures()).satisfiesExactly(
                failure -> assertThat(failure).isEqualTo("b: the judge answers with status 503: 503"),
                failure -> assertThat(failure).startsWith("c: the judge's reply is not JSON"),
                failure -> assertThat(failure).isEqualTo("d: the judge's reply has no choices[0].message.content"),
                failure -> assertThat(failure).isEqualTo("e: the judge's reply 'many' holds no score from 1 to 5"),
                failure -> assertThat(failure).isEqualTo("f: the judge's reply '16' holds no score from 1 to 5"));
    }

    @Test
    void aServerThatIsNotThereIsAFailureToo() throws InterruptedException {
        DiversityJudge judge = judge(Optional.empty());
        server.stop(0);
        DiversityJudge.Scores scores = judge.judge(List.of(group("a", 2)));
        assertThat(scores.mean()).isEmpty();
        assertThat(scores.failures()).hasSize(1);
    }

    @Test
    void anAddressWithoutHttpIsRefused() {
        assertThatThrownBy(() -> new DiversityJudge("localhost:8000", "stub", Optional.empty(),
                DiversityJudge.DEFAULT_TIMEOUT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("judge: base URL 'localhost:8000' must begin with http:// or https://");
    }
}
