package org.flowrl.rl.grade.code;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.flowrl.rl.grade.code.cell.CellJob;

/// Finds a cell's reports ({@link org.flowrl.rl.grade.code.cell.Report}) in its standard error.
final class Frames {
    private static final int HEADER_BYTES = CellJob.SEAL_BYTES + 5;

    private final byte[] seal;
    private final CompletableFuture<Void> started;

    /// @param started completed at the first report
    Frames(byte[] seal, CompletableFuture<Void> started) {
        this.seal = seal;
        this.started = started;
    }

    /// One report.
    record Frame(char kind, byte[] payload) {
    }

    /// All that matters of a cell's standard error.
    ///
    /// @param started the first report, null where there is none
    /// @param last the last one, which may be the first
    /// @param program what the program printed around them
    record Found(Frame started, Frame last, String program) {
    }

    /// Looks at the beginning of the stream.
    void look(byte[] beginning) {
        if (!started.isDone() && next(beginning, 0) >= 0) {
            started.complete(null);
        }
    }

    Found of(byte[] errors) {
        Frame first = null;
        Frame last = null;
        ByteArrayOutputStream program = new ByteArrayOutputStream();
        int position = 0;
        for (int at = next(errors, 0); at >= 0; at = next(errors, position)) {
            program.write(errors, position, at - position);
            ByteBuffer header = ByteBuffer.wrap(errors, at + CellJob.SEAL_BYTES, 5);
            char kind = (char) header.get();
            int end = at + HEADER_BYTES + header.getInt();
            if (end > errors.length) {
                position = errors.length; // cut short by the process's end
                break;
            }
            last = new Frame(kind, Arrays.copyOfRange(errors, at + HEADER_BYTES, end));
            first = first == null ? last : first;
            position = end;
        }
        program.write(errors, position, errors.length - position);
        return new Found(first, last, program.toString(StandardCharsets.UTF_8));
    }

    /// Where the next whole header is, or -1.
    private int next(byte[] bytes, int from) {
        for (int at = from; at + HEADER_BYTES <= bytes.length; at++) {
            if (Arrays.equals(bytes, at, at + CellJob.SEAL_BYTES, seal, 0, CellJob.SEAL_BYTES)) {
                return at;
            }
        }
        return -1;
    }
}
