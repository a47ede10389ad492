package org.flowrl.rl.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flowrl.tensor.io.JsonFault;

/// Asks a language model behind an OpenAI-compatible server how many approaches the responses to a problem take, on the
/// paper's scale of 1 to 5 (FlowRL, section 4.3): all responses in one request, temperature 0, five tokens at most.
///
/// Departures from the released script, both named there as flaws by the specification: the judge reads whole
/// responses, not their first 300 characters, and a request that fails is counted apart, not as a score of 3.
public final class DiversityJudge {
    /// How long an answer is waited for unless it is said otherwise.
    public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(2);

    private static final int MAX_TOKENS = 5;
    /// Of what a server says of an error.
    private static final int SHOWN_CHARACTERS = 200;
    private static final Pattern SCORE = Pattern.compile("(?<!\\d)([1-5])(?!\\d)");
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final HttpClient client;
    private final URI completions;
    private final String model;
    private final Optional<String> key;
    private final Duration timeout;

    /// @param base such as `https://api.openai.com/v1`
    /// @param model the judge's name on that server
    /// @param key sent as a bearer token; empty where the server wants none
    /// @param timeout for connecting, and again for an answer
    /// @throws IllegalArgumentException where `base` is no http address, or `timeout` is not positive
    public DiversityJudge(String base, String model, Optional<String> key, Duration timeout) {
        if (!base.matches("https?://\\S+")) {
            throw new IllegalArgumentException("judge: base URL '" + base + "' must begin with http:// or https://");
        }
        if (!timeout.isPositive()) {
            throw new IllegalArgumentException("judge: timeout " + timeout + " must be positive");
        }
        this.client = HttpClient.newBuilder().connectTimeout(timeout).build();
        this.timeout = timeout;
        this.completions = URI.create(base.replaceAll("/+$", "") + "/chat/completions");
        this.model = model;
        this.key = key;
    }

    /// The scores of some problems, and what went wrong.
    ///
    /// @param scores of the problems that were judged
    /// @param failures why the others were not
    public record Scores(List<Integer> scores, List<String> failures) {
        /// Copies its arguments.
        public Scores {
            scores = List.copyOf(scores);
            failures = List.copyOf(failures);
        }

        /// The mean score; nothing where no problem was judged.
        public Optional<Double> mean() {
            return scores.isEmpty() ? Optional.empty()
                    : Optional.of(scores.stream().mapToInt(Integer::intValue).average().orElseThrow());
        }
    }

    /// Judges each problem's responses.
    ///
    /// @throws InterruptedException where the thread is interrupted while it waits
    public Scores judge(List<List<GradedAnswer>> groups) throws InterruptedException {
        List<Integer> scores = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        for (List<GradedAnswer> group : groups) {
            String id = group.getFirst().problem().id();
            try {
                String reply = ask(group);
                Matcher score = SCORE.matcher(reply);
                if (score.find()) {
                    scores.add(Integer.parseInt(score.group(1)));
                } else {
                    failures.add(id + ": the judge's reply '" + reply.strip() + "' holds no score from 1 to 5");
                }
            } catch (IOException e) {
                failures.add(id + ": " + (e.getMessage() == null ? e.toString() : e.getMessage()));
            }
        }
        return new Scores(scores, failures);
    }

    private String ask(List<GradedAnswer> group) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(completions).timeout(timeout)
                .header("Content-Type", "application/json");
        key.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        HttpResponse<String> response = client.send(request.POST(HttpRequest.BodyPublishers.ofString(
                body(group).toString(), StandardCharsets.UTF_8)).build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            String said = response.body().strip().replaceAll("\\s+", " ");
            throw new IOException("the judge answers with status " + response.statusCode() + (said.isEmpty() ? ""
                    : ": " + said.substring(0, Math.min(said.length(), SHOWN_CHARACTERS))));
        }
        try {
            JsonNode content = MAPPER.readTree(response.body()).path("choices").path(0).path("message")
                    .path("content");
            if (!content.isTextual()) {
                throw new IOException("the judge's reply has no choices[0].message.content");
            }
            return content.textValue();
        } catch (JsonProcessingException e) {
            throw new IOException("the judge's reply is not JSON: " + JsonFault.reason(e), e);
        }
    }

    private ObjectNode body(List<GradedAnswer> group) {
        ObjectNode body = MAPPER.createObjectNode().put("model", model).put("temperature", 0)
                .put("max_tokens", MAX_TOKENS);
        body.putArray("messages").add(message("system", rubric(group.size()))).add(message("user", question(group)));
        return body;
    }

    private static ObjectNode message(String role, String content) {
        return MAPPER.createObjectNode().put("role", role).put("content", content);
    }

    private static String rubric(int count) {
        return "You compare " + count + " solutions of one problem by their method. Look for differences of approach, "
                + "however small, and ignore whether a solution is right. Find the approach that most solutions share, "
                + "and reply with one digit only: 1 if at least " + least(14, count) + " of the " + count
                + " share it, 2 if at least " + least(11, count) + ", 3 if at least " + least(7, count)
                + ", 4 if at least " + least(4, count) + ", 5 if fewer.";
    }

    /// The least number of `count` solutions that is `of16` sixteenths of them.
    private static int least(int of16, int count) {
        return Math.ceilDiv(of16 * count, 16);
    }

    private static String question(List<GradedAnswer> group) {
        StringBuilder text = new StringBuilder("Problem:\n").append(group.getFirst().problem().prompt());
        for (GradedAnswer answer : group) {
            text.append("\n\nSolution ").append(answer.sample() + 1).append(":\n").append(answer.response());
        }
        return text.toString();
    }
}
