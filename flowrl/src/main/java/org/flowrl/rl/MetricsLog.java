package org.flowrl.rl;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
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
import org.flowrl.rl.data.TextLines;
import org.flowrl.tensor.io.AtomicFile;
import org.flowrl.tensor.io.IoFault;

/// One row of metrics a step: in `metrics.jsonl` and a TensorBoard event file as the run goes, in `metrics.csv` at its
/// end.
///
/// Steps are counted from 1 in the files: the row of step n is written after n steps.
public final class MetricsLog {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final Path jsonl;
    private final Path csv;
    private final EventFile events;

    /// The log in `folder`, continued where it exists.
    public MetricsLog(Path folder) {
        this.jsonl = folder.resolve("metrics.jsonl");
        this.csv = folder.resolve("metrics.csv");
        this.events = new EventFile(folder.resolve("events.out.tfevents.flowrl"));
    }

    /// Makes ready for rows after step `last`: drops those that an interrupted run wrote beyond its last checkpoint, a
    /// line that it left unfinished included, and writes the event file anew.
    public void startAfter(long last) {
        events.begin(now());
        List<String> kept = new ArrayList<>();
        for (Map<String, Object> row : Files.exists(jsonl) ? rows() : List.<Map<String, Object>>of()) {
            long step = ((Number) row.remove("step")).longValue();
            if (step <= last) {
                Map<String, Double> metrics = new LinkedHashMap<>();
                row.forEach((name, value) -> metrics.put(name, Double.valueOf(value.toString())));
                kept.add(line(step, metrics));
                events.append(now(), step, metrics);
            }
        }
        // Whoever ends this run meanwhile leaves all rows or these.
        TextLines.write(jsonl, kept);
    }

    /// Appends the row of a step.
    public void append(long step, Map<String, Double> metrics) {
        try {
            Files.writeString(jsonl, line(step, metrics) + "\n", StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw IoFault.writing(jsonl, e);
        }
        events.append(now(), step, metrics);
    }

    /// All rows so far. A last line without its end, left by a writer that was killed or is still writing, is none.
    public List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        try {
            String text = Files.readString(jsonl);
            for (String line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
                rows.add(JSON.readValue(line, new TypeReference<>() { }));
            }
        } catch (IOException e) {
            throw IoFault.reading(jsonl, e);
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
        AtomicFile.write(csv, text.append('\n').toString());
    }

    private static String line(long step, Map<String, Double> metrics) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("step", step);
        row.putAll(new TreeMap<>(metrics));
        try {
            return JSON.writeValueAsString(row);
        } catch (IOException e) {
            throw new IllegalStateException("numbers by name can always be written: " + row, e);
        }
    }

    private static double now() {
        return System.currentTimeMillis() * 1e-3;
    }
}
