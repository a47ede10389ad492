package org.flowrl.tensor.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;

/// The header of a safetensors file: its tensors in the order of their data, and free text.
///
/// @param entries  the tensors, each beginning where the one before it ends
/// @param metadata the content of `__metadata__`; empty where there is none
record SafetensorsHeader(List<SafetensorsEntry> entries, Map<String, String> metadata) {
    /// Bytes of the length field that a file begins with.
    static final int LENGTH_BYTES = Long.BYTES;

    /// The longest header that the reference implementation reads, in bytes.
    static final int MAX_BYTES = 100_000_000;

    /// The one name that no tensor can have.
    static final String METADATA = "__metadata__";

    /// A header is padded with spaces to a multiple of this, so that the data after it is aligned for every type.
    private static final int ALIGNMENT = 8;

    /// The order of strings by their UTF-8 bytes, as the reference implementation sorts them. `String.compareTo`
    /// differs from it where surrogate pairs meet U+E000 … U+FFFF.
    private static final Comparator<String> BY_BYTES = Comparator.comparing(
            text -> text.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    /// The layout in which tensors are written: by type ({@link #rank}), then by name; data in the same order.
    /// Metadata is sorted by key, where the reference implementation follows its hash map and so the moment.
    ///
    /// @throws IllegalArgumentException where a name or text has no UTF-8 form, or a name is `__metadata__`
    static SafetensorsHeader layout(Map<String, Tensor> tensors, Map<String, String> metadata) {
        tensors.keySet().forEach(SafetensorsHeader::requireName);
        List<Map.Entry<String, Tensor>> sorted = new ArrayList<>(tensors.entrySet());
        sorted.sort(Comparator.comparingInt((Map.Entry<String, Tensor> entry) -> rank(entry.getValue().dtype()))
                .thenComparing(Map.Entry::getKey, BY_BYTES));
        List<SafetensorsEntry> entries = new ArrayList<>();
        long begin = 0;
        for (Map.Entry<String, Tensor> entry : sorted) {
            Tensor tensor = entry.getValue();
            long end = Math.addExact(begin, tensor.bytes());
            entries.add(new SafetensorsEntry(entry.getKey(), tensor.dtype(), tensor.shape(), begin, end));
            begin = end;
        }
        Map<String, String> sortedMetadata = new LinkedHashMap<>();
        metadata.keySet().stream().sorted(BY_BYTES).forEach(key -> sortedMetadata.put(key, metadata.get(key)));
        sortedMetadata.forEach(SafetensorsHeader::requireText);
        return new SafetensorsHeader(entries, sortedMetadata);
    }

    /// Bytes of all tensors.
    long dataBytes() {
        return entries.isEmpty() ? 0 : entries.getLast().end();
    }

    /// True where the text has a UTF-8 form: no half of a surrogate pair stands alone.
    static boolean isWellFormed(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    /// The start of the file: the length field, the JSON and its padding.
    ///
    /// @throws IllegalArgumentException where the header would be longer than {@link #MAX_BYTES}
    ByteBuffer encode() {
        byte[] json = json();
        int padded = Math.ceilDiv(json.length, ALIGNMENT) * ALIGNMENT;
        if (padded > MAX_BYTES) {
            throw new IllegalArgumentException("write: a header of " + padded + " bytes for " + entries.size()
                    + " tensors; at most " + MAX_BYTES + " can be read");
        }
        byte[] bytes = Arrays.copyOf(json, padded);
        Arrays.fill(bytes, json.length, padded, (byte) ' ');
        ByteBuffer buffer = ByteBuffer.allocate(LENGTH_BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        return buffer.putLong(padded).put(bytes).flip();
    }

    /// Where a type stands in a file. Wider types come first, so that every tensor is aligned to its element; among
    /// types of one width this is the reference implementation's order (the reverse of its list of types).
    private static int rank(DType dtype) {
        return switch (dtype) {
            case U64 -> 0;
            case I64 -> 1;
            case F64 -> 2;
            case F32 -> 3;
            case U32 -> 4;
            case I32 -> 5;
            case BF16 -> 6;
            case F16 -> 7;
            case U16 -> 8;
            case I16 -> 9;
            case F8_E4M3 -> 10;
            case F8_E5M2 -> 11;
            case I8 -> 12;
            case U8 -> 13;
            case BOOL -> 14;
        };
    }

    private byte[] json() {
        StringWriter text = new StringWriter();
        // Through a Writer, since the generator of bytes would escape characters beyond U+FFFF.
        JsonFactory factory = JsonFactory.builder().disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE).build();
        try (JsonGenerator json = factory.createGenerator(text)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(METADATA);
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            for (SafetensorsEntry entry : entries) {
                long[] dims = entry.shape().toArray();
                json.writeObjectFieldStart(entry.name());
                json.writeStringField("dtype", entry.dtype().name());
                json.writeFieldName("shape");
                json.writeArray(dims, 0, dims.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {entry.begin(), entry.end()}, 0, 2);
                json.writeEndObject();
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("write: a StringWriter failed", e);
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void requireName(String name) {
        if (name.equals(METADATA)) {
            throw new IllegalArgumentException("write: a tensor cannot be named '" + METADATA
                    + "', the key of the file's free text");
        }
        if (!isWellFormed(name)) {
            throw new IllegalArgumentException("write: tensor name '" + name + "' has half a surrogate pair");
        }
    }

    private static void requireText(String key, String value) {
        if (!isWellFormed(key) || !isWellFormed(value)) {
            throw new IllegalArgumentException("write: metadata '" + key + "': '" + value
                    + "' has half a surrogate pair");
        }
    }
}
