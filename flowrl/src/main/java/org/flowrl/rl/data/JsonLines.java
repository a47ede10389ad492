package org.flowrl.rl.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.tensor.io.JsonFault;

/// JSONL: an object a line, in UTF-8; empty lines are passed over. A file whose name ends in `.gz` is unpacked.
public final class JsonLines {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            // 36.0 stays what was written, and 0.1 too.
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private JsonLines() {
    }

    /// Hands each row of a file to `rows`, in order.
    ///
    /// @throws DataException naming file, line and column where a line is not a JSON object
    /// @throws UncheckedIOException where the file cannot be read
    public static void read(Path file, Consumer<Row> rows) {
        try (InputStream stored = Files.newInputStream(file);
                InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(stored) : stored) {
            read(file.toString(), in, rows);
        } catch (IOException e) {
            throw IoFault.reading(file, e);
        }
    }

    /// Hands each row of a stream to `rows`, in order, as the lines arrive.
    ///
    /// @param source what messages call it
    public static void read(String source, InputStream in, Consumer<Row> rows) throws IOException {
        TextLines.read(source, in, (place, line) -> {
            if (!line.isBlank()) {
                rows.accept(new Row(place, parse(place, line)));
            }
        });
    }

    /// The object that one line spells.
    ///
    /// @param place file and line, for messages
    public static JsonNode parse(String place, String line) {
        JsonNode node;
        try {
            node = MAPPER.readTree(line);
        } catch (JsonProcessingException e) {
            String column = e.getLocation() == null ? "" : ", column " + e.getLocation().getColumnNr();
            throw new DataException(place + column + ": not JSON: " + JsonFault.reason(e), e);
        }
        if (!node.isObject()) {
            throw new DataException(place + ", column 1: must be a JSON object, not "
                    + node.getNodeType().toString().toLowerCase(Locale.ROOT));
        }
        return node;
    }
}
