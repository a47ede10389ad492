package org.flowrl.rl;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// One row of metrics a step, in `metrics.jsonl` as the run goes and in `metrics.csv` at its end.
///
/// Steps are counted from 1 in the files: the row of step n is written after n steps.
public final class MetricsLog {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final Path jsonl;
    private final Path csv;

    /// The log in `folder`, continued where it exists.
    public MetricsLog(Path folder) {
        this.jsonl = folder.resolve("metrics.jsonl");
        this.csv = folder.resolve("metrics.csv");
    }

    /// Drops rows after step `last`, which an interrupted run may have written beyond its last checkpoint.
    public void keepUntil(long last) {
        if (!Files.exists(jsonl)) {
            return;
        }
        List<String> kept = new ArrayList<>();
        for (Map<String, Object> row : rows()) {
            if (((Number) row.get("step")).longValue() <= last) {
                kept.add(line(row));
            }
        }
        try {
            Files.write(jsonl, kept);
        } catch (IOException e) {
            throw new UncheckedIOException(jsonl.toString(), e);
        }
    }

    /// Appends the row of a step.
    public void append(long step, Map<String, Double> metrics) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("step", step);
        new TreeMap<>(metrics).forEach(row::put);
        try {
            Files.writeString(jsonl, line(row) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(jsonl.toString(), e);
        }
    }

    /// All rows so far.
    public List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(jsonl)) {
                rows.add(JSON.readValue(line, new com.fasterxml.jackson.core.type.TypeReference<>() { }));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(jsonl.toString(), e);
        }
        return rows;
    }

    /// Writes `metrics.csv`: a column for each metric that any row has, empty where a row lacks it.
    public void writeCsv() {
        List<Map<String, Object>> rows = rows();
        Set<String> names = new TreeSet<>();
        rows.forEach(row -> names.addAll(row.keySet()));
        names.remove("step");
        StringBuilder text = new StringBuilder("step");
        names.forEach(name -> text.append(',').append(name));
        for (Map<String, Object> row : rows) {
            text.append('\n').append(row.get("step"));
            names.forEach(name -> text.append(',').append(row.getOrDefault(name, "")));
        }
        try {
            Files.writeString(csv, text.append('\n'));
        } catch (IOException e) {
            throw new UncheckedIOException(csv.toString(), e);
        }
    }

    private static String line(Map<String, Object> row) {
        try {
            return JSON.writeValueAsString(row);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
