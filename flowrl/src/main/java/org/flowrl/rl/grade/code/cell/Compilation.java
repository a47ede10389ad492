package org.flowrl.rl.grade.code.cell;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Map;

/// What the compiler made of a source.
public sealed interface Compilation {
    /// Class files by binary name, in the compiler's order.
    record Compiled(Map<String, byte[]> classes) implements Compilation {
    }

    /// Not a program.
    ///
    /// @param reason the first error, with its line
    record Rejected(String reason) implements Compilation {
    }

    /// The compiler was stopped.
    record TooSlow() implements Compilation {
    }

    /// The compile server's reply.
    default byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            switch (this) {
                case Compiled(var classes) -> {
                    out.writeByte('C');
                    CellJob.writeClasses(out, classes);
                }
                case Rejected(var reason) -> {
                    out.writeByte('R');
                    CellJob.writeText(out, reason);
                }
                case TooSlow() -> out.writeByte('T');
            }
        } catch (IOException e) {
            throw new AssertionError("writing to memory", e);
        }
        return bytes.toByteArray();
    }

    /// What {@link #toBytes} wrote.
    static Compilation read(byte[] reply) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(reply));
        int kind = in.readUnsignedByte();
        return switch (kind) {
            case 'C' -> new Compiled(CellJob.readClasses(in));
            case 'R' -> new Rejected(CellJob.readText(in));
            case 'T' -> new TooSlow();
            default -> throw new IOException("compile server: reply of kind " + kind);
        };
    }
}
