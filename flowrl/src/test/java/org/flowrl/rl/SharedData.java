package org.flowrl.rl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.flowrl.rl.data.JsonLines;

/// Where the outside data lies that oracle tests compare with.
public final class SharedData {
    private SharedData() {
    }

    /// The file or folder `name` of the shared data: under the system property `flowrl.shared`, or under `shared`
    /// beside the project, seen from its root or from a module. The calling test is skipped where there is none.
    public static Path path(String name) {
        String property = System.getProperty("flowrl.shared");
        List<String> places = property == null ? List.of("../shared", "../../shared") : List.of(property);
        for (String place : places) {
            Path path = Path.of(place).resolve("data").resolve(name);
            if (Files.exists(path)) {
                return path;
            }
        }
        assumeTrue(false, "outside data absent: no data/" + name + " in any of " + places
                + " (set -Dflowrl.shared)");
        throw new IllegalStateException("an assumption that does not hold ends the test");
    }

    /// The objects of the shared JSONL file `name`, which may be gzipped.
    public static List<JsonNode> rows(String name) {
        List<JsonNode> rows = new ArrayList<>();
        JsonLines.read(path(name), row -> rows.add(row.value()));
        return rows;
    }
}
