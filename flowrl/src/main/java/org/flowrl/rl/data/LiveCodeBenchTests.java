package org.flowrl.rl.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.InflaterInputStream;
import org.flowrl.tensor.io.JsonFault;

/// The tests of a row of LiveCodeBench's `code_generation` and `code_generation_lite` as published: JSON texts in
/// `public_test_cases` and `private_test_cases`, the latter mostly packed as the pickle of that text, deflated, in
/// Base64; and the function that tests call in `metadata`.
final class LiveCodeBenchTests {
    static final String PUBLIC = "public_test_cases";
    static final String PRIVATE = "private_test_cases";
    static final String METADATA = "metadata";
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private LiveCodeBenchTests() {
    }

    /// All tests of a row, as one array in the form of {@link org.flowrl.rl.grade.code.CodeTests}; an empty text where
    /// the row has none.
    ///
    /// @throws IllegalArgumentException where a field does not hold what it should
    static String of(JsonNode row) {
        ArrayNode tests = MAPPER.createArrayNode();
        for (String field : new String[] {PUBLIC, PRIVATE}) {
            for (JsonNode test : json(field, unpacked(GoldRule.text(row.path(field))), "[]")) {
                tests.add(test);
            }
        }
        JsonNode metadata = json(METADATA, GoldRule.text(row.path(METADATA)), "{}");
        for (JsonNode test : tests) {
            if (!test.has(METADATA) && test instanceof ObjectNode object) {
                object.set(METADATA, metadata);
            }
        }
        return tests.isEmpty() ? "" : tests.toString();
    }

    private static JsonNode json(String field, String text, String absent) {
        try {
            return MAPPER.readTree(text.isBlank() ? absent : text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(field + " must be JSON: " + JsonFault.reason(e), e);
        }
    }

    /// The JSON text in a field that may be packed.
    private static String unpacked(String field) {
        if (field.isBlank() || field.stripLeading().startsWith("[")) {
            return field;
        }
        try (InflaterInputStream inflated = new InflaterInputStream(new ByteArrayInputStream(
                Base64.getDecoder().decode(field.strip())))) {
            return unpickled(ByteBuffer.wrap(inflated.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN));
        } catch (IllegalArgumentException | IOException | BufferUnderflowException e) {
            throw new IllegalArgumentException(PRIVATE
                    + " must be JSON, or the pickle of a text, deflated, in Base64: " + e.getMessage(), e);
        }
    }

    /// The text of a pickle that holds one text: the few instructions that such a one has (pickletools.py of CPython).
    private static String unpickled(ByteBuffer pickle) {
        String text = null;
        while (true) {
            int instruction = pickle.get() & 0xFF;
            switch (instruction) {
                case 0x80 -> pickle.get();                                     // PROTO
                case 0x95 -> pickle.getLong();                                 // FRAME
                case 0x8C -> text = text(pickle, pickle.get() & 0xFF);         // SHORT_BINUNICODE
                case 'X' -> text = text(pickle, pickle.getInt());              // BINUNICODE
                case 0x8D -> text = text(pickle, pickle.getLong());            // BINUNICODE8
                case 0x94 -> { }                                               // MEMOIZE
                case 'q' -> pickle.get();                                      // BINPUT
                case 'r' -> pickle.getInt();                                   // LONG_BINPUT
                case '.' -> {
                    if (text == null) {
                        throw new IllegalArgumentException("the pickle is empty");
                    }
                    return text;
                }
                default -> throw new IllegalArgumentException("the pickle holds more than a text: instruction "
                        + instruction + " at byte " + (pickle.position() - 1));
            }
        }
    }

    private static String text(ByteBuffer pickle, long length) {
        if (length < 0 || length > pickle.remaining()) {
            throw new IllegalArgumentException("a text of " + length + " bytes in a pickle of " + pickle.limit());
        }
        byte[] bytes = new byte[(int) length];
        pickle.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
