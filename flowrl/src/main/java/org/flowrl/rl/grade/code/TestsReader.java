package org.flowrl.rl.grade.code;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.flowrl.tensor.io.JsonFault;

/// Reads the forms of {@link CodeTests}.
final class TestsReader {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS.mappedFeature());
    /// Where the test program of HumanEval-X's Java and of HumanEval's Python form call the answer.
    private static final Pattern HARNESS_CALL = Pattern.compile("\\bs\\.\\w+\\(|^\\s*assert\\b",
            Pattern.MULTILINE);

    private final TestRules rules;

    TestsReader(TestRules rules) {
        this.rules = rules;
    }

    CodeTests read(String answer) {
        JsonNode root = json(answer, "the problem's answer");
        if (root.has("test")) {
            String test = text(root, "test");
            long calls = Math.max(1, HARNESS_CALL.matcher(test).results().count());
            return new CodeTests.Harness(text(root, root.has("declaration") ? "declaration" : "prompt"), test,
                    calls * rules.harnessSecondsPerTest() + rules.harnessGraceSeconds());
        }
        if (root.has("inputs")) {
            return taco(root);
        }
        if (!root.isArray() || root.isEmpty()) {
            throw new IllegalArgumentException("tests: neither a list of tests, nor inputs and outputs, nor a test"
                    + " program");
        }
        return root.get(0).has("testtype")
                ? new CodeTests.Cases(list(root).stream().map(this::liveCodeBench).toList(),
                        rules.liveCodeBenchSeconds())
                : new CodeTests.Cases(longest(list(root).stream().map(TestsReader::codeforces).toList()),
                        rules.contestSeconds());
    }

    private static CodeTests.TestCase codeforces(JsonNode test) {
        return new CodeTests.Streams(text(test, "input"), text(test, "output"));
    }

    private CodeTests.TestCase liveCodeBench(JsonNode test) {
        String input = text(test, "input");
        if (!text(test, "testtype").equals("functional")) {
            return new CodeTests.Streams(input, text(test, "output"));
        }
        List<JsonNode> arguments = input.lines().filter(line -> !line.isBlank())
                .map(line -> json(line, "a test's argument")).toList();
        return new CodeTests.Call(text(test.path("metadata"), "func_name"), arguments,
                List.of(json(text(test, "output"), "a test's output")));
    }

    private CodeTests taco(JsonNode root) {
        JsonNode inputs = root.get("inputs");
        JsonNode outputs = root.path("outputs");
        if (!inputs.isArray() || inputs.size() != outputs.size() || inputs.isEmpty()) {
            throw new IllegalArgumentException("tests: " + inputs.size() + " inputs and " + outputs.size()
                    + " outputs");
        }
        boolean isCut = inputs.size() > rules.maxTests();
        boolean isCall = root.hasNonNull("fn_name") && !(isCut && rules.cutDropsFunctionName());
        List<CodeTests.TestCase> cases = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            cases.add(isCall ? tacoCall(text(root, "fn_name"), inputs.get(i), outputs.get(i))
                    : new CodeTests.Streams(stream(inputs.get(i)), stream(outputs.get(i))));
        }
        return new CodeTests.Cases(longest(cases), rules.contestSeconds());
    }

    /// As in APPS, whose form this is, an answer may be wrapped in a list of one.
    private static CodeTests.Call tacoCall(String method, JsonNode input, JsonNode output) {
        JsonNode arguments = input.isTextual() ? json(input.textValue(), "a test's arguments") : input;
        if (!arguments.isArray()) {
            throw new IllegalArgumentException("tests: the input of a call must be a list of arguments, not "
                    + Excerpt.of(arguments.toString()));
        }
        List<JsonNode> expected = output.isArray() && !output.isEmpty() ? List.of(output, output.get(0))
                : List.of(output);
        return new CodeTests.Call(method, list(arguments), expected);
    }

    /// The tests with the longest inputs, longest first; of equally long ones those that come first.
    private List<CodeTests.TestCase> longest(List<CodeTests.TestCase> cases) {
        return cases.size() <= rules.maxTests() ? cases : IntStream.range(0, cases.size()).boxed()
                .sorted(Comparator.comparing(i -> -inputLength(cases.get(i)))).limit(rules.maxTests())
                .map(cases::get).toList();
    }

    private static int inputLength(CodeTests.TestCase test) {
        return switch (test) {
            case CodeTests.Streams(var input, _) -> input.length();
            case CodeTests.Call(_, var arguments, _) -> arguments.size();
        };
    }

    /// A stream is text, or a list of its lines.
    private static String stream(JsonNode node) {
        return node.isArray() ? String.join("\n", list(node).stream().map(JsonNode::asText).toList())
                : node.asText();
    }

    private static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    private static String text(JsonNode node, String field) {
        if (!node.path(field).isTextual()) {
            throw new IllegalArgumentException("tests: no text in the field " + field + " of "
                    + Excerpt.of(node.toString()));
        }
        return node.get(field).textValue();
    }

    private static JsonNode json(String text, String what) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("tests: " + what + " is not JSON: " + JsonFault.reason(e), e);
        }
    }
}
