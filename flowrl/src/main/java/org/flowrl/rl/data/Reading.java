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
import org.flowrl.rl.task.Problem;

/// A data set in the making: takes rows, keeps what is new.
final class Reading {
    /// Rows that may come before one with a known layout: the first golds may be missing.
    private static final int MOST_UNRECOGNISED = 100;

    private final Path file;
    private Optional<Fields> fields;
    private final List<Row> unrecognised = new ArrayList<>();
    /// By the text of the problem.
    private final Map<String, Problem> problems = new LinkedHashMap<>();
    private final Set<String> ids = new HashSet<>();
    private long rows;
    private long withoutGold;
    private long duplicates;
    private long conflicts;

    Reading(Path file, Optional<Fields> fields) {
        this.file = file;
        this.fields = fields;
    }

    void add(Row row) {
        if (fields.isPresent()) {
            add(row, fields.get());
            return;
        }
        unrecognised.add(row);
        fields = Fields.recognised(row.value());
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
                + " are of no known layout; say which hold the prompt and the answer");
    }

    private void add(Row row, Fields known) {
        rows++;
        JsonNode prompt = known.prompt().in(row.value());
        if (!prompt.isTextual() || prompt.textValue().isBlank()) {
            throw row.refuse("field " + known.prompt() + " must hold a problem, a text, not "
                    + (prompt.isMissingNode() ? "nothing" : prompt));
        }
        Optional<String> gold = known.gold().gold(row.value(), known.answer());
        if (gold.isEmpty()) {
            withoutGold++;
            return;
        }
        Problem earlier = problems.get(prompt.textValue());
        if (earlier == null) {
            problems.put(prompt.textValue(), new Problem(id(row, known), prompt.textValue(), gold.get()));
        } else if (earlier.answer().equals(gold.get())) {
            duplicates++;
        } else {
            conflicts++;
        }
    }

    /// The row's own id where it has one that no earlier problem has, otherwise the row's number.
    private String id(Row row, Fields known) {
        String own = known.id().map(path -> GoldRule.text(path.in(row.value()))).orElse("");
        String id = own.isEmpty() || ids.contains(own) ? file.getFileName() + "-" + rows : own;
        ids.add(id);
        return id;
    }
}
