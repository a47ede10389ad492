package org.flowrl.rl.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqMap;
import dev.hardwood.row.PqStruct;
import dev.hardwood.row.StructAccessor;
import dev.hardwood.schema.ColumnProjection;
import dev.hardwood.schema.SchemaNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Consumer;
import org.flowrl.tensor.io.IoFault;

/// The rows of a Parquet file as JSON: structs and maps as objects, lists as arrays, bytes as UTF-8 text, dates and
/// times as ISO text.
final class ParquetRows {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private ParquetRows() {
    }

    /// Hands each row to `rows`, in order.
    ///
    /// @param columns read where the file has them; all where it is empty
    /// @throws DataException where the file is not Parquet, or packed by a method that is not at hand
    static void read(Path file, Set<String> columns, Consumer<Row> rows) {
        if (!Files.exists(file)) {
            throw IoFault.reading(file, new NoSuchFileException(file.toString()));
        }
        try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(file));
                RowReader reader = parquet.buildRowReader().projection(projection(parquet, columns)).build()) {
            for (long number = 1; reader.hasNext(); number++) {
                reader.next();
                rows.accept(new Row(file + ", row " + number, object(reader)));
            }
        } catch (DataException e) {
            throw e;
        } catch (IOException | RuntimeException | LinkageError e) {
            // The library tells a file that is not Parquet by exceptions of several types.
            throw new DataException(file + ": cannot be read as Parquet: " + reason(e), e);
        }
    }

    /// What was tried, and what gave rise to its failing.
    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause == failure ? failure.getMessage() : failure.getMessage() + ": " + cause.getMessage();
    }

    private static ColumnProjection projection(ParquetFileReader parquet, Set<String> columns) {
        String[] present = parquet.getFileSchema().getRootNode().children().stream().map(SchemaNode::name)
                .filter(columns::contains).toArray(String[]::new);
        return present.length == 0 ? ColumnProjection.all() : ColumnProjection.columns(present);
    }

    private static ObjectNode object(StructAccessor struct) {
        ObjectNode object = NODES.objectNode();
        for (int i = 0; i < struct.getFieldCount(); i++) {
            object.set(struct.getFieldName(i), node(struct.isNull(i) ? null : struct.getValue(i)));
        }
        return object;
    }

    private static JsonNode node(Object value) {
        return switch (value) {
            case null -> NODES.nullNode();
            case String text -> NODES.textNode(text);
            case Boolean flag -> NODES.booleanNode(flag);
            case Integer number -> NODES.numberNode(number);
            case Long number -> NODES.numberNode(number);
            case Float number -> NODES.numberNode(number);
            case Double number -> NODES.numberNode(number);
            case BigDecimal number -> NODES.numberNode(number);
            case byte[] bytes -> NODES.textNode(new String(bytes, StandardCharsets.UTF_8));
            case PqStruct struct -> object(struct);
            case PqList list -> {
                ArrayNode array = NODES.arrayNode();
                list.values().forEach(item -> array.add(node(item)));
                yield array;
            }
            case PqMap map -> {
                ObjectNode object = NODES.objectNode();
                map.getEntries().forEach(entry -> object.set(String.valueOf(entry.getKey()), node(entry.getValue())));
                yield object;
            }
            default -> NODES.textNode(value.toString());
        };
    }
}
