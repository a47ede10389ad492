package org.flowrl.bench.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
    @TempDir
    private Path folder;

    @Test
    void metadataAndTensorsAreReadBack() throws IOException {
        GgufFile gguf = new GgufFile();
        gguf.put("general.architecture", "qwen2");
        gguf.put("qwen2.block_count", 24);
        gguf.put("qwen2.rope.freq_base", 1e6f);
        gguf.put("tokenizer.ggml.tokens", List.of("t0", "ü"));
        gguf.tensor("norm", DType.F32, new long[] {3}, () -> new float[] {1, -2, 0.5f});
        // 1 + 2^-8 lies halfway between two BF16 numbers and goes to the even one, 1.
        gguf.tensor("matrix", DType.BF16, new long[] {2, 1}, () -> new float[] {1 + 0x1p-8f, -3});
        Path file = folder.resolve("model.gguf");
        gguf.write(file);

        Parsed parsed = Parsed.of(file);

        assertThat(parsed.metadata).containsExactly(Map.entry("general.architecture", "qwen2"),
                Map.entry("qwen2.block_count", 24), Map.entry("qwen2.rope.freq_base", 1e6f),
                Map.entry("tokenizer.ggml.tokens", List.of("t0", "ü")));
        assertThat(parsed.sizes.get("norm")).containsExactly(3);
        assertThat(parsed.sizes.get("matrix")).as("the fastest first").containsExactly(1, 2);
        assertThat(parsed.values.get("norm")).containsExactly(1, -2, 0.5f);
        assertThat(parsed.values.get("matrix")).containsExactly(1, -3);
        assertThat(Files.size(file) % GgufFile.ALIGNMENT).isZero();
    }

    @Test
    void otherStorageIsRefused() {
        assertThatThrownBy(() -> new GgufFile().tensor("w", DType.F16, new long[] {1}, () -> new float[1]))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("gguf: storage F16 of w must be F32 or BF16");
    }

    /// A file read by the words of the format's specification.
    private static final class Parsed {
        private final Map<String, Object> metadata = new LinkedHashMap<>();
        private final Map<String, long[]> sizes = new LinkedHashMap<>();
        private final Map<String, float[]> values = new LinkedHashMap<>();

        static Parsed of(Path file) throws IOException {
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            Parsed parsed = new Parsed();
            byte[] magic = new byte[4];
            in.get(magic);
            assertThat(new String(magic, StandardCharsets.US_ASCII)).isEqualTo("GGUF");
            assertThat(in.getInt()).as("version").isEqualTo(3);
            long tensors = in.getLong();
            long entries = in.getLong();
            for (long i = 0; i < entries; i++) {
                parsed.metadata.put(text(in), value(in, in.getInt()));
            }
            Map<String, Integer> types = new LinkedHashMap<>();
            Map<String, Long> offsets = new LinkedHashMap<>();
            for (long i = 0; i < tensors; i++) {
                String name = text(in);
                long[] dims = new long[in.getInt()];
                for (int d = 0; d < dims.length; d++) {
                    dims[d] = in.getLong();
                }
                parsed.sizes.put(name, dims);
                types.put(name, in.getInt());
                offsets.put(name, in.getLong());
            }
            int data = Math.ceilDiv(in.position(), 32) * 32;
            for (String name : parsed.sizes.keySet()) {
                assertThat(offsets.get(name) % 32).isZero();
                int count = 1;
                for (long size : parsed.sizes.get(name)) {
                    count *= (int) size;
                }
                in.position(data + offsets.get(name).intValue());
                float[] read = new float[count];
                for (int i = 0; i < count; i++) {
                    read[i] = types.get(name) == 30 ? DType.fromBfloat16(in.getShort()) : in.getFloat();
                }
                parsed.values.put(name, read);
            }
            return parsed;
        }

        private static Object value(ByteBuffer in, int type) {
            return switch (type) {
                case 4 -> in.getInt();
                case 6 -> in.getFloat();
                case 8 -> text(in);
                case 9 -> {
                    int element = in.getInt();
                    long count = in.getLong();
                    List<Object> list = new ArrayList<>();
                    for (long i = 0; i < count; i++) {
                        list.add(value(in, element));
                    }
                    yield list;
                }
                default -> throw new AssertionError("type " + type);
            };
        }

        private static String text(ByteBuffer in) {
            byte[] bytes = new byte[Math.toIntExact(in.getLong())];
            in.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}
