package org.flowrl.rl.grade.code.cell;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/// What a cell says of itself: frames on its standard error, each behind the job's seal.
///
/// ```
/// seal (16 bytes) | kind (1 byte) | length (4 bytes) | payload
/// ```
/// The program can write there too, before, after and between, but not with the seal.
public final class Report {
    /// The program starts now. Payload: the kernel means that confine it.
    public static final char STARTED = 'S';
    /// The cell could not be closed, so nothing was run. Payload: why.
    public static final char NOT_CONFINED = 'F';
    /// `main` or the method returned. Payload: its value.
    public static final char RETURNED = 'R';
    /// It ended with an exception. Payload: class name and message.
    public static final char THREW = 'T';

    private final byte[] seal;
    // Unbuffered, and not System.err, which the program can replace.
    private final OutputStream errors = new FileOutputStream(FileDescriptor.err);

    Report(byte[] seal) {
        this.seal = seal;
    }

    void started(String means) throws IOException {
        send(STARTED, text(means));
    }

    void notConfined(String reason) throws IOException {
        send(NOT_CONFINED, text(reason));
    }

    void returned(Object value) throws IOException {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        ValueStream.write(new DataOutputStream(payload), value);
        send(RETURNED, payload.toByteArray());
    }

    void threw(String className, String message) throws IOException {
        send(THREW, text(className, message));
    }

    private static byte[] text(String... texts) throws IOException {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(payload);
        for (String text : texts) {
            CellJob.writeText(out, text);
        }
        return payload.toByteArray();
    }

    private void send(char kind, byte[] payload) throws IOException {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(frame);
        out.write(seal);
        out.writeByte(kind);
        out.writeInt(payload.length);
        out.write(payload);
        errors.write(frame.toByteArray());
    }
}
