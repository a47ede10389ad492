package org.flowrl.rl.data;

import java.nio.file.Path;
import java.util.Set;
import java.util.function.Consumer;

/// A local file of rows, read by what its name ends in.
final class DataFile {
    private DataFile() {
    }

    /// Hands each row to `rows`, in order.
    ///
    /// @param columns the columns to read where the format keeps them apart and has them; empty for all
    /// @throws DataException where the name ends in nothing known, or the file breaks its format's rules
    static void read(Path file, Set<String> columns, Consumer<Row> rows) {
        String name = file.getFileName().toString();
        if (name.endsWith(".parquet")) {
            ParquetRows.read(file, columns, rows);
        } else if (name.endsWith(".jsonl") || name.endsWith(".jsonl.gz") || name.endsWith(".ndjson")
                || name.endsWith(".ndjson.gz")) {
            JsonLines.read(file, rows);
        } else {
            throw new DataException(file + ": the name must end in .jsonl, .jsonl.gz or .parquet");
        }
    }
}
