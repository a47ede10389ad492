package org.flowrl.bench.steps;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One engine's runs of one workload. Kept as a line of JSON, since the runs of a whole table take longer than one
/// sitting.
///
/// @param workload name of the workload
/// @param engine name of the engine
/// @param description of the engine
/// @param threads that computed
/// @param tokens that one run is credited with
/// @param seconds of each timed run
/// @param stages median seconds of each stage
/// @param losses of all runs, untimed ones included
/// @param check what was compared with our own results before timing, or why not; empty for our own
public record Measurement(String workload, String engine, String description, int threads, double tokens,
        List<Double> seconds, Map<String, Double> stages, List<Double> losses, String check) {
    /// Tokens a second of the median run.
    public double rate() {
        return tokens / Samples.median(seconds.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /// Tokens a second of the fastest run.
    public double bestRate() {
        return tokens / seconds.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    /// Appends this to a file of measurements.
    public void append(Path file) {
        try {
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            Files.writeString(file, JsonMapper.builder().build().writeValueAsString(this) + "\n",
                    StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(toString(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    /// The measurements in a file. Of several by one engine of one workload with as many threads, the last counts.
    public static List<Measurement> read(Path file) {
        List<Measurement> measurements = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                Measurement read = JsonMapper.builder().build().readValue(line, Measurement.class);
                measurements.removeIf(other -> other.workload().equals(read.workload())
                        && other.engine().equals(read.engine()) && other.threads() == read.threads());
                measurements.add(read);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
        return measurements;
    }
}
