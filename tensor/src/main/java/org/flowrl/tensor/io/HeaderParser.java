package org.flowrl.tensor.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Shape;

/// Reads and checks the header of one safetensors file, front to back: length, text, JSON, layout of the data.
///
/// Verdicts are those of the reference implementation (huggingface/safetensors 0.8.0): white space around the object
/// and unknown fields are accepted; a tensor or a metadata key named twice counts as the later one; `__metadata__` or
/// a field of a tensor given twice is refused. Departures, all towards refusal: a tensor must be a JSON object (not
/// an array of its three values), its `dtype` a string, sizes at most 2^63 − 1, and the type one that {@link DType}
/// has.
final class HeaderParser {
    /// JSON nests three deep; more is met in unknown fields only. The reference implementation's bound.
    private static final int MAX_NESTING = 128;

    /// What the header says about one tensor, unchecked; `at` is the name's index in {@link #text}.
    private record Declared(String name, DType dtype, List<Long> dims, List<Long> offsets, int at) { }

    private final Path path;
    private final String text;
    private final long dataOffset;
    private final long fileBytes;
    private final Map<String, Declared> tensors = new LinkedHashMap<>();
    private Map<String, String> metadata;
    private JsonParser json;

    private HeaderParser(Path path, String text, long dataOffset, long fileBytes) {
        this.path = path;
        this.text = text;
        this.dataOffset = dataOffset;
        this.fileBytes = fileBytes;
    }

    /// The header of the file open in `channel`, whose name is `path`.
    ///
    /// @throws SafetensorsException where the file breaks a rule of the format
    static SafetensorsHeader read(Path path, FileChannel channel) throws IOException {
        long fileBytes = channel.size();
        int length = readLength(path, channel, fileBytes);
        ByteBuffer bytes = ByteBuffer.allocate(length);
        readFully(channel, bytes, SafetensorsHeader.LENGTH_BYTES);
        String text = decode(path, bytes);
        return new HeaderParser(path, text, SafetensorsHeader.LENGTH_BYTES + (long) length, fileBytes).header();
    }

    private static int readLength(Path path, FileChannel channel, long fileBytes) throws IOException {
        if (fileBytes < SafetensorsHeader.LENGTH_BYTES) {
            throw new SafetensorsException(path, fileBytes, "the file ends inside the header's length, which takes "
                    + SafetensorsHeader.LENGTH_BYTES + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, bytes, 0);
        long length = bytes.getLong();
        if (Long.compareUnsigned(length, SafetensorsHeader.MAX_BYTES) > 0) {
            throw new SafetensorsException(path, 0, "the header's length " + Long.toUnsignedString(length)
                    + " must be at most " + SafetensorsHeader.MAX_BYTES + " bytes");
        }
        if (length > fileBytes - SafetensorsHeader.LENGTH_BYTES) {
            throw new SafetensorsException(path, 0, "the header's length " + length + " must be at most the "
                    + (fileBytes - SafetensorsHeader.LENGTH_BYTES) + " bytes that follow it");
        }
        return (int) length;
    }

    private static void readFully(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, position + bytes.position()) < 0) {
                throw new EOFException("the file shrank while its header was read");
            }
        }
        bytes.flip();
    }

    /// Text first, JSON after: Jackson on bytes would guess UTF-16 and drop a byte order mark.
    private static String decode(Path path, ByteBuffer bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new SafetensorsException(path, SafetensorsHeader.LENGTH_BYTES + (long) bytes.position(),
                    "the header must be UTF-8");
        }
    }

    private SafetensorsHeader header() throws IOException {
        JsonFactory factory = JsonFactory.builder()
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_NESTING)
                        .maxNameLength(SafetensorsHeader.MAX_BYTES)
                        .maxStringLength(SafetensorsHeader.MAX_BYTES).build())
                .build();
        try (JsonParser parser = factory.createParser(text)) {
            json = parser;
            parseObject();
        } catch (JsonEOFException e) {
            throw refusal(text.length(), "the header must be one JSON object, and ends inside it");
        } catch (JsonProcessingException e) {
            // Jackson's own bounds (nesting, digits of a number) are reported without a place.
            JsonLocation place = e.getLocation() == null ? json.currentTokenLocation() : e.getLocation();
            throw refusal(Math.clamp(place.getCharOffset(), 0, text.length()),
                    "the header must be one JSON object: " + JsonFault.reason(e));
        }
        Map<String, String> texts = metadata == null ? Map.of() : Collections.unmodifiableMap(metadata);
        return new SafetensorsHeader(checkedLayout(), texts);
    }

    private void parseObject() throws IOException {
        require(json.nextToken() == JsonToken.START_OBJECT, "the header must be one JSON object");
        boolean metadataSeen = false;
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = requireWellFormed(json.currentName());
            if (name.equals(SafetensorsHeader.METADATA)) {
                require(!metadataSeen, "'" + name + "' must be given once");
                metadataSeen = true;
                parseMetadata();
            } else {
                parseTensor(name);
            }
        }
        require(json.nextToken() == null, "nothing but white space may follow the JSON object");
    }

    private void parseMetadata() throws IOException {
        if (json.nextToken() == JsonToken.VALUE_NULL) {
            return;
        }
        require(json.currentToken() == JsonToken.START_OBJECT, "'" + SafetensorsHeader.METADATA
                + "' must be an object");
        metadata = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String key = requireWellFormed(json.currentName());
            require(json.nextToken() == JsonToken.VALUE_STRING, "metadata '" + key + "' must be a string");
            metadata.put(key, requireWellFormed(json.getText()));
        }
    }

    private void parseTensor(String name) throws IOException {
        int at = tokenStart();
        String owner = "tensor '" + name + "'";
        DType dtype = null;
        List<Long> dims = null;
        List<Long> offsets = null;
        require(json.nextToken() == JsonToken.START_OBJECT, owner + " must be an object");
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            String value = "'" + field + "' of " + owner;
            switch (field) {
                case "dtype" -> {
                    require(dtype == null, value + " must be given once");
                    dtype = parseDType(value);
                }
                case "shape" -> {
                    require(dims == null, value + " must be given once");
                    dims = parseSizes(value);
                }
                case "data_offsets" -> {
                    require(offsets == null, value + " must be given once");
                    offsets = parseSizes(value);
                    require(offsets.size() == 2, value + " must be [begin, end], has " + offsets.size() + " numbers");
                }
                default -> {
                    json.nextToken();
                    json.skipChildren();
                }
            }
        }
        requireField(dtype, "dtype", owner);
        requireField(dims, "shape", owner);
        requireField(offsets, "data_offsets", owner);
        tensors.put(name, new Declared(name, dtype, dims, offsets, at));
    }

    private DType parseDType(String value) throws IOException {
        require(json.nextToken() == JsonToken.VALUE_STRING, value + " must be a string");
        String name = json.getText();
        return DType.named(name).orElseThrow(() -> refusal(tokenStart(), value + " is '" + name
                + "', must be one of " + DType.names()));
    }

    private List<Long> parseSizes(String value) throws IOException {
        require(json.nextToken() == JsonToken.START_ARRAY, value + " must be an array");
        List<Long> sizes = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            // "-0" is an integer to Jackson; the sign tells.
            boolean isSize = json.currentToken() == JsonToken.VALUE_NUMBER_INT
                    && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER && !json.getText().startsWith("-");
            require(isSize, value + " must hold integers from 0 to 2^63 - 1, has " + json.getText());
            sizes.add(json.getLongValue());
        }
        return sizes;
    }

    /// The tensors in the order of their data, once each begins where the one before it ends, holds as many bytes as
    /// its shape and type take, and the last ends with the file. Empty tensors at one place keep the header's order.
    private List<SafetensorsEntry> checkedLayout() {
        List<Declared> sorted = new ArrayList<>(tensors.values());
        sorted.sort(Comparator.comparingLong((Declared tensor) -> tensor.offsets().get(0))
                .thenComparingLong(tensor -> tensor.offsets().get(1)));
        List<SafetensorsEntry> entries = new ArrayList<>();
        long expected = 0;
        for (Declared tensor : sorted) {
            long begin = tensor.offsets().get(0);
            long end = tensor.offsets().get(1);
            String owner = "tensor '" + tensor.name() + "' with data_offsets " + tensor.offsets();
            if (begin != expected) {
                throw refusal(tensor.at(), owner + " must begin at " + expected + ", where the data before it ends");
            }
            if (end < begin) {
                throw refusal(tensor.at(), owner + " must not end before it begins");
            }
            Shape shape = shape(tensor, owner);
            long bytes = shape.elements() * tensor.dtype().bytes();
            if (end - begin != bytes) {
                throw refusal(tensor.at(), owner + " must hold the " + bytes + " bytes of " + tensor.dtype() + shape
                        + ", holds " + (end - begin));
            }
            entries.add(new SafetensorsEntry(tensor.name(), tensor.dtype(), shape, begin, end));
            expected = end;
        }
        if (expected != fileBytes - dataOffset) {
            throw new SafetensorsException(path, Math.min(dataOffset + expected, fileBytes), "the tensors take "
                    + expected + " bytes, the file has " + (fileBytes - dataOffset) + " after its header");
        }
        return Collections.unmodifiableList(entries);
    }

    private Shape shape(Declared tensor, String owner) {
        try {
            Shape shape = Shape.of(tensor.dims().stream().mapToLong(Long::longValue).toArray());
            Math.multiplyExact(shape.elements(), (long) tensor.dtype().bytes());
            return shape;
        } catch (ArithmeticException e) {
            throw refusal(tensor.at(), owner + " has shape " + tensor.dims() + " of " + tensor.dtype()
                    + ", more bytes than 2^63 - 1");
        }
    }

    private void requireField(Object value, String field, String owner) {
        require(value != null, owner + " must have '" + field + "'");
    }

    private String requireWellFormed(String string) {
        require(SafetensorsHeader.isWellFormed(string), "a string must not have half a surrogate pair");
        return string;
    }

    private void require(boolean isTrue, String rule) {
        if (!isTrue) {
            throw refusal(tokenStart(), rule);
        }
    }

    private int tokenStart() {
        return json.currentToken() == null ? text.length() : (int) json.currentTokenLocation().getCharOffset();
    }

    private SafetensorsException refusal(int at, String rule) {
        int bytesBefore = text.substring(0, at).getBytes(StandardCharsets.UTF_8).length;
        return new SafetensorsException(path, SafetensorsHeader.LENGTH_BYTES + (long) bytesBefore, rule);
    }
}
