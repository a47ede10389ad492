package org.flowrl.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where in a row a value stands: names with dots between, and indices in brackets, such as `prompt[0].content`. A
/// negative index counts from the end.
///
/// @param text as written
/// @param steps names (String) and indices (Integer), in order; the first is a name
public record FieldPath(String text, List<Object> steps) {
    private static final Pattern WHOLE = Pattern.compile("[^.\\[\\]]+(\\[-?\\d{1,9}]|\\.[^.\\[\\]]+)*");
    private static final Pattern STEP = Pattern.compile("\\[(-?\\d+)]|([^.\\[\\]]+)");

    /// Copies its argument.
    public FieldPath {
        steps = List.copyOf(steps);
    }

    /// The path that a text spells.
    ///
    /// @throws IllegalArgumentException where it spells none
    public static FieldPath of(String text) {
        if (!WHOLE.matcher(text).matches()) {
            throw new IllegalArgumentException("field '" + text + "' must be a path such as answer, "
                    + "reward_model.ground_truth or prompt[0].content");
        }
        List<Object> steps = new ArrayList<>();
        for (Matcher matcher = STEP.matcher(text); matcher.find(); ) {
            steps.add(matcher.group(1) != null ? (Object) Integer.valueOf(matcher.group(1)) : matcher.group(2));
        }
        return new FieldPath(text, steps);
    }

    /// The name of the column that the path begins with.
    public String column() {
        return (String) steps.getFirst();
    }

    /// The value at the path; a missing node where there is none, or a null.
    public JsonNode in(JsonNode row) {
        JsonNode node = row;
        for (Object step : steps) {
            node = switch (step) {
                case Integer index -> node.path(index < 0 ? node.size() + index : index);
                default -> node.path((String) step);
            };
        }
        return node.isNull() ? MissingNode.getInstance() : node;
    }

    @Override
    public String toString() {
        return text;
    }
}
