package org.flowrl.rl.grade.code;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;

/// Reads what a process prints, up to a limit.
final class Capture implements Runnable {
    private static final int BUFFER_BYTES = 8192;

    private final InputStream in;
    private final int limit;
    private final Runnable tooMuch;
    private final Consumer<byte[]> look;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /// @param tooMuch called once, when there is more than the limit; reading ends then
    /// @param look called with all that has come so far, as long as that is less than a buffer
    Capture(InputStream in, int limit, Runnable tooMuch, Consumer<byte[]> look) {
        this.in = in;
        this.limit = limit;
        this.tooMuch = tooMuch;
        this.look = look;
    }

    @Override
    public void run() {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                bytes.write(buffer, 0, n);
                if (bytes.size() <= BUFFER_BYTES) {
                    look.accept(bytes.toByteArray());
                }
                if (bytes.size() > limit) {
                    tooMuch.run();
                    return;
                }
            }
        } catch (IOException e) {
            // The process was ended and its pipe closed: what has come is what there is.
        }
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }
}
