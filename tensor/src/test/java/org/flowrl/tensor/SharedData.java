package org.flowrl.tensor;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Where the outside data lies that oracle tests of all modules compare with.
public final class SharedData {
    private SharedData() {
    }

    /// The file or folder `name` of the shared data: under the system property `flowrl.shared`, or under `shared`
    /// beside the project, seen from its root or from a module. The calling test is skipped where there is none.
    public static Path path(String name) {
        String property = System.getProperty("flowrl.shared");
        List<String> places = property == null ? List.of("../shared", "../../shared") : List.of(property);
        return places.stream().map(place -> Path.of(place).resolve("data").resolve(name)).filter(Files::exists)
                .findFirst().orElseGet(() -> abort("outside data absent: no data/" + name + " in any of " + places
                        + " (set -Dflowrl.shared)"));
    }
}
