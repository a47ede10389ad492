package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
    @TempDir
    private Path folder;

    /// CRC32C of "123456789" is e3069283 (its check value in RFC 3720, B.4, and every catalogue of CRCs); rotated right
    /// by 15 bits that is 2507c60d, and a282ead8 more is c78ab0e5.
    @Test
    void theChecksumIsTheMaskedOneOfTfRecords() {
        assertThat(EventFile.maskedCrc("123456789".getBytes(StandardCharsets.US_ASCII))).isEqualTo(0xc78ab0e5);
    }

    /// The first twelve bytes of the event files that TensorFlow writes: a record of 24 bytes, and that length's
    /// checksum.
    @Test
    void theFileBeginsAsThoseOfTensorFlow() throws IOException {
        Path file = folder.resolve("events");
        new EventFile(file).begin(0);
        byte[] bytes = Files.readAllBytes(file);
        assertThat(HexFormat.of().formatHex(bytes, 0, 12)).isEqualTo("1800000000000000a37f4b22");
        assertThat(new String(bytes, 23, 13, StandardCharsets.US_ASCII)).isEqualTo("brain.Event:2");
    }

    @Test
    void whatWasWrittenIsReadBackWithItsChecksums() throws IOException {
        Path file = folder.resolve("events");
        EventFile events = new EventFile(file);
        events.begin(1.5);
        events.append(2.5, 1, Map.of("loss", 0.25));
        events.append(3.5, 300, Map.of("reward/mean", -1.0));

        List<ByteBuffer> records = records(file);
        assertThat(records).hasSize(3);
        assertThat(fields(records.get(1))).containsEntry(1, 2.5).containsEntry(2, 1L);
        assertThat(scalars(records.get(1))).isEqualTo(Map.of("loss", 0.25f));
        assertThat(fields(records.get(2))).containsEntry(1, 3.5).containsEntry(2, 300L);
        assertThat(scalars(records.get(2))).isEqualTo(Map.of("reward/mean", -1f));
    }

    @Test
    void beginningAnewForgetsWhatWasThere() throws IOException {
        Path file = folder.resolve("events");
        EventFile events = new EventFile(file);
        events.begin(0);
        events.append(0, 1, Map.of("loss", 1.0));
        events.begin(0);
        assertThat(records(file)).hasSize(1);
    }

    private static List<ByteBuffer> records(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<ByteBuffer> records = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[Long.BYTES];
            in.get(length);
            assertThat(in.getInt()).isEqualTo(EventFile.maskedCrc(length));
            byte[] data = new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
            in.get(data);
            assertThat(in.getInt()).isEqualTo(EventFile.maskedCrc(data));
            records.add(ByteBuffer.wrap(data));
        }
        return records;
    }

    private static Map<String, Float> scalars(ByteBuffer event) {
        Map<Integer, Object> value = fields((ByteBuffer) fields((ByteBuffer) fields(event).get(5)).get(1));
        String tag = StandardCharsets.UTF_8.decode((ByteBuffer) value.get(1)).toString();
        return Map.of(tag, (Float) value.get(2));
    }

    /// The fields of a protocol buffer message, by number.
    private static Map<Integer, Object> fields(ByteBuffer message) {
        ByteBuffer in = message.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        Map<Integer, Object> fields = new LinkedHashMap<>();
        while (in.hasRemaining()) {
            long tag = varint(in);
            fields.put((int) (tag >> 3), switch ((int) (tag & 7)) {
                case 0 -> (Object) varint(in);
                case 1 -> in.getDouble();
                case 2 -> bytes(in, (int) varint(in));
                case 5 -> in.getFloat();
                default -> throw new AssertionError("wire type " + (tag & 7));
            });
        }
        return fields;
    }

    private static ByteBuffer bytes(ByteBuffer in, int length) {
        ByteBuffer part = in.slice(in.position(), length);
        in.position(in.position() + length);
        return part;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0;; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
