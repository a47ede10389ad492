package org.flowrl.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Which fields of a row are what.
///
/// @param prompt the problem
/// @param answer holds the gold answer
/// @param gold how
/// @param id names the problem; empty where rows are numbered
/// @param start holds code that an answer goes on from, shown after the problem; empty where there is no such field
public record Fields(FieldPath prompt, FieldPath answer, GoldRule gold, Optional<FieldPath> id,
        Optional<FieldPath> start) {
    /// LiveCodeBench as published.
    public static final Fields LIVE_CODE_BENCH = of("question_content", LiveCodeBenchTests.PUBLIC)
            .with(GoldRule.LIVE_CODE_BENCH).withId("question_id").withStart("starter_code");
    /// HumanEval, HumanEval+ and HumanEval-X.
    public static final Fields HUMAN_EVAL = of("prompt", "test").with(GoldRule.HARNESS).withId("task_id");

    /// The layouts that are tried where none is given, in this order.
    static final List<Fields> KNOWN = List.of(
            // DAPO-Math-17k and what else is written for verl
            of("prompt[0].content", "reward_model.ground_truth").withId("extra_info.index"),
            // MATH, MATH-500, AIME, AMC
            of("problem", "answer"),
            // OlympiadBench
            of("question", "final_answer[0]"),
            // GSM8K
            of("question", "answer").with(GoldRule.AFTER_HASHES),
            of("question", "answer"),
            // Minerva, and MATH as first published
            of("problem", "solution").with(GoldRule.LAST_BOX),
            // programs with tests: Codeforces, CodeContests
            of("problem", "tests"),
            HUMAN_EVAL,
            LIVE_CODE_BENCH,
            of("prompt", "answer"));

    /// Fields by their paths, the gold answer being the whole of `answer`, rows being numbered.
    ///
    /// @throws IllegalArgumentException where a path is none, see [FieldPath]
    public static Fields of(String prompt, String answer) {
        return new Fields(FieldPath.of(prompt), FieldPath.of(answer), GoldRule.WHOLE, Optional.empty(),
                Optional.empty());
    }

    /// The same with another rule for the gold answer.
    public Fields with(GoldRule rule) {
        return new Fields(prompt, answer, rule, id, start);
    }

    /// The same with a field that names the problem.
    public Fields withId(String path) {
        return new Fields(prompt, answer, gold, Optional.of(FieldPath.of(path)), start);
    }

    /// The same with a field of code that an answer goes on from.
    public Fields withStart(String path) {
        return new Fields(prompt, answer, gold, id, Optional.of(FieldPath.of(path)));
    }

    /// The first of some layouts of which `row` has the problem and a gold answer.
    static Optional<Fields> recognised(List<Fields> layouts, JsonNode row) {
        return layouts.stream().filter(fields -> fields.prompt.in(row).isTextual()
                && fields.gold.gold(row, fields.answer).isPresent()).findFirst();
    }

    /// The columns of a file that are needed.
    Set<String> columns() {
        Set<String> columns = new LinkedHashSet<>(List.of(prompt.column(), answer.column()));
        id.ifPresent(path -> columns.add(path.column()));
        if (gold == GoldRule.HARNESS) {
            columns.addAll(List.of(GoldRule.DECLARATION, GoldRule.PROMPT, GoldRule.ENTRY_POINT));
        }
        if (gold == GoldRule.LIVE_CODE_BENCH) {
            columns.addAll(List.of(LiveCodeBenchTests.PRIVATE, LiveCodeBenchTests.METADATA));
        }
        start.ifPresent(path -> columns.add(path.column()));
        return columns;
    }

    /// As a log shows it.
    @Override
    public String toString() {
        String rule = switch (gold) {
            case WHOLE -> "";
            case AFTER_HASHES -> " after ####";
            case HARNESS -> " with its declaration";
            case LIVE_CODE_BENCH -> " and private_test_cases";
            case LAST_BOX -> " in its last \\boxed{}";
        };
        return "prompt " + prompt + ", answer " + answer + rule;
    }
}
