package org.flowrl.rl.grade.code.cell;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What one cell is to do, as the parent writes it to the cell's standard input, before the program's own input.
///
/// @param seal random bytes that mark the cell's reports; the program cannot learn them, so it cannot forge a report
/// @param limits what the kernel is to enforce
public record CellJob(byte[] seal, CellLimits limits, Work work) {
    /// Length of a seal.
    public static final int SEAL_BYTES = 16;

    /// What is run.
    public sealed interface Work {
    }

    /// A Java program's `main`.
    ///
    /// @param classes class files by binary name, in the order of the compiler
    /// @param reportReturn whether the cell ends with a report when `main` returns; otherwise it ends, as in Java, when
    ///     the last thread has ended
    public record RunMain(Map<String, byte[]> classes, boolean reportReturn) implements Work {
    }

    /// One method of a Java class, by name and number of arguments, of a new instance unless it is static.
    ///
    /// @param arguments values as {@link ValueStream} has them
    public record CallMethod(Map<String, byte[]> classes, String method, List<Object> arguments) implements Work {
    }

    /// Another program, which takes the place of the cell's JVM.
    ///
    /// @param command the program's absolute path and its arguments
    /// @param readable files and folders that it may read and execute from
    public record Execute(List<String> command, List<String> readable) implements Work {
    }

    /// The job with its length in front.
    public byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.write(seal);
            out.writeLong(limits.wallSeconds());
            out.writeLong(limits.cpuSeconds());
            out.writeLong(limits.dataBytes());
            switch (work) {
                case RunMain(var classes, var reportReturn) -> {
                    out.writeByte(reportReturn ? 'R' : 'M');
                    writeClasses(out, classes);
                }
                case CallMethod(var classes, var method, var arguments) -> {
                    out.writeByte('C');
                    writeClasses(out, classes);
                    out.writeUTF(method);
                    ValueStream.write(out, arguments);
                }
                case Execute(var command, var readable) -> {
                    out.writeByte('X');
                    ValueStream.write(out, command);
                    ValueStream.write(out, readable);
                }
            }
        } catch (IOException e) {
            throw new AssertionError("writing to memory", e);
        }
        return withLength(bytes.toByteArray());
    }

    /// Reads a job and not a byte more: what follows is the program's.
    ///
    /// @param in unbuffered
    static CellJob read(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(new ByteArrayInputStream(readWithLength(in)));
        byte[] seal = data.readNBytes(SEAL_BYTES);
        CellLimits limits = new CellLimits(data.readLong(), data.readLong(), data.readLong());
        int kind = data.readUnsignedByte();
        Work work = switch (kind) {
            case 'R', 'M' -> new RunMain(readClasses(data), kind == 'R');
            case 'C' -> new CallMethod(readClasses(data), data.readUTF(), list(data));
            case 'X' -> new Execute(strings(data), strings(data));
            default -> throw new IOException("cell job of kind " + kind);
        };
        return new CellJob(seal, limits, work);
    }

    /// Bytes with their number in front.
    public static byte[] withLength(byte[] bytes) {
        return ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes).array();
    }

    /// What {@link #withLength} wrote.
    ///
    /// @throws EOFException where the stream ends before
    public static byte[] readWithLength(InputStream in) throws IOException {
        byte[] header = in.readNBytes(4);
        if (header.length < 4) {
            throw new EOFException("the stream ended");
        }
        int length = ByteBuffer.wrap(header).getInt();
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the stream ended after " + bytes.length + " of " + length + " bytes");
        }
        return bytes;
    }

    static void writeClasses(DataOutputStream out, Map<String, byte[]> classes) throws IOException {
        out.writeInt(classes.size());
        for (Map.Entry<String, byte[]> entry : classes.entrySet()) {
            out.writeUTF(entry.getKey());
            out.writeInt(entry.getValue().length);
            out.write(entry.getValue());
        }
    }

    static Map<String, byte[]> readClasses(DataInputStream in) throws IOException {
        Map<String, byte[]> classes = new LinkedHashMap<>();
        for (int n = in.readInt(); n > 0; n--) {
            String name = in.readUTF();
            classes.put(name, in.readNBytes(in.readInt()));
        }
        return classes;
    }

    /// Text of any length, as the length of its UTF-8 and then that.
    static void writeText(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /// What {@link #writeText} wrote.
    public static String readText(DataInputStream in) throws IOException {
        return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }

    private static List<Object> list(DataInputStream in) throws IOException {
        List<Object> values = new ArrayList<>();
        for (Object value : (List<?>) ValueStream.read(in)) {
            values.add(value);
        }
        return values;
    }

    private static List<String> strings(DataInputStream in) throws IOException {
        return list(in).stream().map(String.class::cast).toList();
    }
}
