package org.flowrl.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Optional;
import java.util.regex.Pattern;

/// How a row's answer field holds the gold answer.
public enum GoldRule {
    /// It is the field's text. A number is written without a fraction where it has none (AMC's 36.0 is `36`); a list or
    /// an object, such as the tests of a program, as JSON.
    WHOLE,
    /// It follows the last `####` of a worked solution, as in GSM8K; commas in it are dropped.
    AFTER_HASHES,
    /// It stands in the last `\boxed{}` of a worked solution, as in Minerva.
    LAST_BOX,
    /// It is a test program that goes with the row's `declaration`, or else its `prompt`, as in HumanEval-X: both are
    /// kept, as JSON. Where it only defines `check`, as in HumanEval and HumanEval+, it is called for the row's
    /// `entry_point`.
    HARNESS,
    /// It is the tests of LiveCodeBench, public and private, as JSON.
    LIVE_CODE_BENCH;

    static final String DECLARATION = "declaration";
    static final String PROMPT = "prompt";
    static final String ENTRY_POINT = "entry_point";
    private static final Pattern DEFINES_CHECK = Pattern.compile("^def check\\(", Pattern.MULTILINE);
    private static final Pattern CALLS_CHECK = Pattern.compile("^check\\(", Pattern.MULTILINE);
    private static final String HASHES = "####";
    private static final String BOX = "\\boxed{";

    /// The gold answer in a row's field; empty where the field is missing, blank, or holds none.
    ///
    /// @throws IllegalArgumentException where the field does not hold what the rule says
    Optional<String> gold(JsonNode row, FieldPath answer) {
        String text = text(answer.in(row));
        return (switch (this) {
            case HARNESS -> harness(row, text);
            case LIVE_CODE_BENCH -> Optional.of(LiveCodeBenchTests.of(row));
            case WHOLE -> Optional.of(text);
            case AFTER_HASHES -> afterHashes(text);
            case LAST_BOX -> lastBox(text);
        }).map(String::strip).filter(gold -> !gold.isEmpty());
    }

    /// A field as text; empty where it is missing.
    static String text(JsonNode field) {
        if (field.isMissingNode() || field.isNull()) {
            return "";
        }
        if (field.isNumber()) {
            return field.decimalValue().signum() == 0 ? "0" : field.decimalValue().stripTrailingZeros().toPlainString();
        }
        return field.isValueNode() ? field.asText() : field.toString();
    }

    private static Optional<String> harness(JsonNode row, String test) {
        String key = row.path(DECLARATION).isTextual() ? DECLARATION : PROMPT;
        return test.isBlank() || !row.path(key).isTextual() ? Optional.empty()
                : Optional.of(JsonNodeFactory.instance.objectNode().put(key, row.get(key).textValue())
                        .put("test", test + call(row, test)).toString());
    }

    private static String call(JsonNode row, String test) {
        return row.path(ENTRY_POINT).isTextual() && DEFINES_CHECK.matcher(test).find()
                && !CALLS_CHECK.matcher(test).find() ? "\n\ncheck(" + row.get(ENTRY_POINT).textValue() + ")\n" : "";
    }

    private static Optional<String> afterHashes(String solution) {
        int place = solution.lastIndexOf(HASHES);
        return place < 0 ? Optional.empty()
                : Optional.of(solution.substring(place + HASHES.length()).replace(",", ""));
    }

    private static Optional<String> lastBox(String solution) {
        int start = solution.lastIndexOf(BOX);
        if (start < 0) {
            return Optional.empty();
        }
        int depth = 1;
        for (int i = start + BOX.length(); i < solution.length(); i++) {
            char c = solution.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return Optional.of(solution.substring(start + BOX.length(), i));
            }
        }
        return Optional.empty();
    }
}
