package org.flowrl.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.flowrl.rl.task.Problem;

/// A data set in the making: takes rows, keeps what is new.
final class Reading {
    /// Rows that may come before one with a known layout: the first golds may be missing.
    private static final int MOST_UNRECOGNISED = 100;

    private final Path file;
    private final List<Fields> layouts;
    private Optional<Fields> fields;
    private final List<Row> unrecognised = new ArrayList<>();
    /// By the text of the problem.
    private final Map<String, Problem> problems = new LinkedHashMap<>();
    private final Set<String> ids = new HashSet<>();
    private long rows;
    private long withoutGold;
    private long duplicates;
    private long conflicts;

    /// @param layouts the only one, or those among which rows decide
    Reading(Path file, List<Fields> layouts) {
        this.file = file;
        this.layouts = layouts;
        this.fields = layouts.size() == 1 ? Optional.of(layouts.getFirst()) : Optional.empty();
    }

    void add(Row row) {
        if (fields.isPresent()) {
            add(row, fields.get());
            return;
        }
        unrecognised.add(row);
        try {
            fields = Fields.recognised(layouts, row.value());
        } catch (IllegalArgumentException e) {
            throw row.refuse(e.getMessage());
        }
        if (fields.isPresent()) {
            addUnrecognised();
        } else if (unrecognised.size() == MOST_UNRECOGNISED) {
            throw unknownLayout();
        }
    }

    DataSet finish() {
        if (fields.isEmpty()) {
            throw unrecognised.isEmpty() ? new DataException(file + ": holds no row") : unknownLayout();
        }
        if (problems.isEmpty()) {
            throw new DataException(file + ": none of its " + rows + " rows has a gold answer (" + fields.get() + ")");
        }
        return new DataSet(file, fields.get(), List.copyOf(problems.values()),
                new DataSet.Counts(rows, withoutGold, duplicates, conflicts, 0));
    }

    private void addUnrecognised() {
        unrecognised.forEach(row -> add(row, fields.get()));
        unrecognised.clear();
    }

    private DataException unknownLayout() {
        Row first = unrecognised.getFirst();
        return first.refuse("its fields " + String.join(", ", (Iterable<String>) first.value()::fieldNames)
                + " are of no " + (layouts == Fields.KNOWN ? "known layout; say which hold the prompt and the answer"
                        : "layout that this benchmark has: " + layouts.stream().map(Fields::toString)
                                .collect(Collectors.joining("; or "))));
    }

    private void add(Row row, Fields known) {
        rows++;
        JsonNode prompt = known.prompt().in(row.value());
        if (!prompt.isTextual() || prompt.textValue().isBlank()) {
            throw row.refuse("field " + known.prompt() + " must hold a problem, a text, not "
                    + (prompt.isMissingNode() ? "nothing" : prompt));
        }
        Optional<String> gold = gold(row, known);
        if (gold.isEmpty()) {
            withoutGold++;
            return;
        }
        String text = prompt.textValue() + start(row, known);
        Problem earlier = problems.get(text);
        if (earlier == null) {
            problems.put(text, new Problem(id(row, known), text, gold.get()));
        } else if (earlier.answer().equals(gold.get())) {
            duplicates++;
        } else {
            conflicts++;
        }
    }

    private static Optional<String> gold(Row row, Fields known) {
        try {
            return known.gold().gold(row.value(), known.answer());
        } catch (IllegalArgumentException e) {
            throw row.refuse(e.getMessage());
        }
    }

    private static String start(Row row, Fields known) {
        String code = known.start().map(path -> GoldRule.text(path.in(row.value()))).orElse("");
        return code.isBlank() ? "" : "\n\nThe answer goes on from this:\n```\n" + code.stripTrailing() + "\n```";
    }

    /// The row's own id where it has one that no earlier problem has, otherwise the row's number.
    private String id(Row row, Fields known) {
        String own = known.id().map(path -> GoldRule.text(path.in(row.value()))).orElse("");
        String id = own.isEmpty() || ids.contains(own) ? file.getFileName() + "-" + rows : own;
        ids.add(id);
        return id;
    }
}
