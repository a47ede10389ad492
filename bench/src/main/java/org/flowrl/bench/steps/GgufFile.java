package org.flowrl.bench.steps;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.flowrl.tensor.DType;

/// A GGUF version 3 file to be written: metadata, then tensors, little-endian.
/// ```
/// "GGUF"  u32 version  u64 tensors  u64 entries
/// entries   string key, i32 type, value
/// tensors   string name, u32 rank, u64 sizes (the fastest first), i32 type, u64 offset into the data
/// data      each tensor at a multiple of 32 bytes
/// ```
/// A string is its length in bytes as u64 and its UTF-8, an array its elements' type as i32 and their number as u64 and
/// the elements. Source: docs/gguf.md of github.com/ggml-org/ggml. Other types of values are not needed and left out.
public final class GgufFile {
    /// Alignment of tensors, the format's default.
    static final int ALIGNMENT = 32;

    private static final int VERSION = 3;
    private static final int UINT32 = 4;
    private static final int FLOAT32 = 6;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    /// Of `ggml_type` in ggml.h.
    private static final int GGML_F32 = 0;
    private static final int GGML_BF16 = 30;
    /// Elements that are converted at a time.
    private static final int SLICE = 1 << 20;
    /// Room for the header, words included, of the largest model here.
    private static final int HEADER_BYTES = 1 << 23;

    private record Entry(String name, DType storage, long[] sizes, Supplier<float[]> values, long offset) {
    }

    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final List<Entry> tensors = new ArrayList<>();
    private long dataBytes;

    /// Adds a text.
    public void put(String key, String value) {
        metadata.put(key, value);
    }

    /// Adds an unsigned 32-bit number.
    public void put(String key, int value) {
        metadata.put(key, value);
    }

    /// Adds a 32-bit floating-point number.
    public void put(String key, float value) {
        metadata.put(key, value);
    }

    /// Adds a list of texts.
    public void put(String key, List<String> values) {
        metadata.put(key, List.copyOf(values));
    }

    /// Adds a tensor.
    ///
    /// @param storage F32 or BF16 (rounded to nearest even)
    /// @param dims row-major, the slowest first, as elsewhere in the project
    /// @param values the elements, asked for when the file is written
    public void tensor(String name, DType storage, long[] dims, Supplier<float[]> values) {
        if (storage != DType.F32 && storage != DType.BF16) {
            throw new IllegalArgumentException("gguf: storage " + storage + " of " + name + " must be F32 or BF16");
        }
        long[] sizes = new long[dims.length];
        long bytes = storage.bytes();
        for (int i = 0; i < dims.length; i++) {
            sizes[i] = dims[dims.length - 1 - i];
            bytes *= dims[i];
        }
        tensors.add(new Entry(name, storage, sizes, values, dataBytes));
        dataBytes += Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    /// Writes the file, replacing one that is there.
    public void write(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer header = header();
            long start = Math.ceilDiv(header.remaining(), ALIGNMENT) * ALIGNMENT;
            writeFully(channel, header, 0);
            ByteBuffer buffer = ByteBuffer.allocateDirect(SLICE * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (Entry tensor : tensors) {
                writeTensor(channel, tensor, start + tensor.offset(), buffer);
            }
            // The last tensor's padding belongs to the file.
            if (channel.size() < start + dataBytes) {
                writeFully(channel, ByteBuffer.allocate(1), start + dataBytes - 1);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    private ByteBuffer header() {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(VERSION);
        header.putLong(tensors.size()).putLong(metadata.size());
        metadata.forEach((key, value) -> {
            put(header, key);
            switch (value) {
                case Integer number -> header.putInt(UINT32).putInt(number);
                case Float number -> header.putInt(FLOAT32).putFloat(number);
                case List<?> texts -> {
                    header.putInt(ARRAY).putInt(STRING).putLong(texts.size());
                    texts.forEach(text -> put(header, text.toString()));
                }
                default -> put(header.putInt(STRING), value.toString());
            }
        });
        for (Entry tensor : tensors) {
            put(header, tensor.name());
            header.putInt(tensor.sizes().length);
            for (long size : tensor.sizes()) {
                header.putLong(size);
            }
            header.putInt(tensor.storage() == DType.BF16 ? GGML_BF16 : GGML_F32).putLong(tensor.offset());
        }
        return header.flip();
    }

    private static void put(ByteBuffer buffer, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        buffer.putLong(bytes.length).put(bytes);
    }

    private static void writeTensor(FileChannel channel, Entry tensor, long start, ByteBuffer buffer)
            throws IOException {
        float[] values = tensor.values().get();
        long at = start;
        for (int from = 0; from < values.length; from += SLICE) {
            int to = Math.min(values.length, from + SLICE);
            buffer.clear();
            for (int i = from; i < to; i++) {
                if (tensor.storage() == DType.BF16) {
                    buffer.putShort(DType.toBfloat16(values[i]));
                } else {
                    buffer.putFloat(values[i]);
                }
            }
            at += writeFully(channel, buffer.flip(), at);
        }
    }

    private static long writeFully(FileChannel channel, ByteBuffer buffer, long start) throws IOException {
        long at = start;
        while (buffer.hasRemaining()) {
            at += channel.write(buffer, at);
        }
        return at - start;
    }
}
