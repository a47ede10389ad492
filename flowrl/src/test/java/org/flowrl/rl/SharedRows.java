package org.flowrl.rl;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.flowrl.rl.data.JsonLines;
import org.flowrl.tensor.SharedData;

/// Files of the outside data that oracle tests read.
public final class SharedRows {
    private SharedRows() {
    }

    /// The objects of the shared JSONL file `name`, which may be gzipped. The calling test is skipped where it is
    /// absent.
    public static List<JsonNode> of(String name) {
        List<JsonNode> rows = new ArrayList<>();
        JsonLines.read(SharedData.path(name), row -> rows.add(row.value()));
        return rows;
    }
}
