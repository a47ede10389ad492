package org.flowrl.transformer.text;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Where the outside data lies that oracle tests compare with.
public final class SharedData {
    private SharedData() {
    }

    /// The folder `name` of the shared data: under the system property `flowrl.shared`, or under `shared` beside the
    /// project, seen from its root or from a module. The calling test is skipped where there is none.
    public static Path folder(String name) {
        String property = System.getProperty("flowrl.shared");
        List<String> places = property == null ? List.of("../shared", "../../shared") : List.of(property);
        for (String place : places) {
            Path folder = Path.of(place).resolve("data").resolve(name);
            if (Files.isDirectory(folder)) {
                return folder;
            }
        }
        assumeTrue(false, "outside data absent: no folder data/" + name + " in any of " + places
                + " (set -Dflowrl.shared)");
        throw new IllegalStateException("an assumption that does not hold ends the test");
    }
}
