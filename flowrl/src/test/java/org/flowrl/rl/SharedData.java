package org.flowrl.rl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/// Outside data for oracle tests; see its SOURCES.md.
public final class SharedData {
    private SharedData() {
    }

    /// The file `name` of the shared data: under the system property `flowrl.shared`, or under `shared` beside the
    /// project, seen from its root or from a module. The calling test is skipped where there is none.
    public static Path file(String name) {
        String property = System.getProperty("flowrl.shared");
        List<String> places = property == null ? List.of("../shared", "../../shared") : List.of(property);
        for (String place : places) {
            Path file = Path.of(place).resolve("data").resolve(name);
            if (Files.isRegularFile(file)) {
                return file;
            }
        }
        assumeTrue(false, "outside data absent: no file data/" + name + " in any of " + places
                + " (set -Dflowrl.shared)");
        throw new IllegalStateException("an assumption that does not hold ends the test");
    }

    /// The objects of a JSONL file, which may be gzipped.
    public static List<JsonNode> rows(String name) {
        Path file = file(name);
        JsonMapper mapper = new JsonMapper();
        List<JsonNode> rows = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(name.endsWith(".gz")
                ? new GZIPInputStream(Files.newInputStream(file)) : Files.newInputStream(file),
                StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                rows.add(mapper.readTree(line));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
        return rows;
    }
}
