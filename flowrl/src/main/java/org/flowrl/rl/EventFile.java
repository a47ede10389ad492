package org.flowrl.rl;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;
import org.flowrl.tensor.io.IoFault;

/// A TensorBoard event file of scalars: what `tensorboard --logdir` shows.
///
/// The file is a sequence of TFRecords; all numbers little-endian:
/// ```
/// record   length u64 · crc(length) u32 · data · crc(data) u32
/// crc(x)   rotateRight(CRC32C(x), 15) + 0xa282ead8
/// ```
/// Each data is an `Event` message (tensorflow/core/util/event.proto): wall_time = 1 (F64, seconds since 1970),
/// step = 2 (varint), file_version = 3 (of the first record), summary = 5, whose repeated value = 1 holds tag = 1 and
/// simple_value = 2 (F32).
final class EventFile {
    private static final String VERSION = "brain.Event:2";
    private static final int CRC_MASK = 0xa282ead8;
    private static final int CRC_ROTATION = 15;

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final Path file;

    /// @param file named `events.out.tfevents.…`, by which TensorBoard finds it
    EventFile(Path file) {
        this.file = file;
    }

    /// Begins the file anew, with no step in it.
    ///
    /// @param seconds since 1970
    void begin(double seconds) {
        Message event = new Message().fixed64(1, seconds).bytes(3, VERSION.getBytes(StandardCharsets.UTF_8));
        write(record(event.toByteArray()), StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
    }

    /// Appends the scalars of a step.
    ///
    /// @param seconds since 1970
    void append(double seconds, long step, Map<String, Double> scalars) {
        Message summary = new Message();
        scalars.forEach((name, value) -> summary.bytes(1, new Message()
                .bytes(1, name.getBytes(StandardCharsets.UTF_8)).fixed32(2, value.floatValue()).toByteArray()));
        Message event = new Message().fixed64(1, seconds).varint(2, step).bytes(5, summary.toByteArray());
        write(record(event.toByteArray()), StandardOpenOption.APPEND);
    }

    /// The masked checksum of TFRecord files.
    static int maskedCrc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), CRC_ROTATION) + CRC_MASK;
    }

    private static byte[] record(byte[] data) {
        byte[] length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(data.length).array();
        return ByteBuffer.allocate(length.length + data.length + 2 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN)
                .put(length).putInt(maskedCrc(length)).put(data).putInt(maskedCrc(data)).array();
    }

    private void write(byte[] bytes, StandardOpenOption... options) {
        try {
            Files.write(file, bytes, options);
        } catch (IOException e) {
            throw IoFault.writing(file, e);
        }
    }

    /// A protocol buffer message as it is being written.
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message varint(int field, long value) {
            tag(field, VARINT);
            raw(value);
            return this;
        }

        Message fixed64(int field, double value) {
            tag(field, FIXED64);
            put(ByteBuffer.allocate(Double.BYTES).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array());
            return this;
        }

        Message fixed32(int field, float value) {
            tag(field, FIXED32);
            put(ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array());
            return this;
        }

        Message bytes(int field, byte[] value) {
            tag(field, BYTES);
            raw(value.length);
            put(value);
            return this;
        }

        byte[] toByteArray() {
            return out.toByteArray();
        }

        private void tag(int field, int wireType) {
            raw((long) field << 3 | wireType);
        }

        private void put(byte[] bytes) {
            out.write(bytes, 0, bytes.length);
        }

        /// Seven bits a byte, the lowest first; the top bit says that more follow.
        private void raw(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                out.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }
    }
}
