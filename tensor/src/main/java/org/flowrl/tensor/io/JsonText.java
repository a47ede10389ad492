package org.flowrl.tensor.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;

/// JSON for people, of the same bytes on every system: Jackson's own indentation ends lines as the system does.
public final class JsonText {
    private static final DefaultIndenter LINES = new DefaultIndenter("  ", "\n");
    private static final ObjectWriter WRITER = JsonMapper.builder().build().writer(new DefaultPrettyPrinter(
            Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER))
            .withObjectIndenter(LINES).withArrayIndenter(LINES));

    private JsonText() {
    }

    /// A value with two spaces a level and a line feed after each line, the last one included.
    ///
    /// @param value a tree, or texts, numbers, lists and maps of them
    public static String of(Object value) {
        try {
            return WRITER.writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts and numbers can always be written: " + value, e);
        }
    }
}
