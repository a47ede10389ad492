package org.flowrl.rl.data;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import org.flowrl.tensor.io.AtomicFile;

/// The lines of a text in UTF-8, each with its place for messages.
public final class TextLines {
    private static final String BYTE_ORDER_MARK = "\ufeff";
    private static final int CHUNK_BYTES = 1 << 16;

    private final String source;
    private final BiConsumer<String, String> lines;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int number;

    private TextLines(String source, BiConsumer<String, String> lines) {
        this.source = source;
        this.lines = lines;
    }

    /// Hands each line of a stream to `lines` as it arrives: its place (source and line, counted from 1), its text.
    ///
    /// @param source what messages call the stream
    /// @throws DataException naming the line that is not UTF-8
    public static void read(String source, InputStream in, BiConsumer<String, String> lines) throws IOException {
        new TextLines(source, lines).read(in);
    }

    /// Writes lines to a new file, or over an old one, with a line feed after each on every system.
    ///
    /// @throws java.io.UncheckedIOException naming the file, which is then as it was before
    public static void write(Path file, List<String> lines) {
        AtomicFile.write(file, channel -> write(Channels.newOutputStream(channel), lines));
    }

    /// As {@link #write(Path, List)}, to a stream, which stays open.
    public static void write(OutputStream out, List<String> lines) throws IOException {
        BufferedOutputStream buffered = new BufferedOutputStream(out, CHUNK_BYTES);
        for (String line : lines) {
            buffered.write(line.getBytes(StandardCharsets.UTF_8));
            buffered.write('\n');
        }
        buffered.flush();
    }

    private void read(InputStream in) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
            int from = 0;
            for (int i = 0; i < count; i++) {
                if (chunk[i] == '\n') {
                    line.write(chunk, from, i - from);
                    end();
                    from = i + 1;
                }
            }
            line.write(chunk, from, count - from);
        }
        if (line.size() > 0) {
            end();
        }
    }

    private void end() {
        String place = source + ", line " + ++number;
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line.toByteArray())).toString();
        } catch (CharacterCodingException e) {
            throw new DataException(place + ": is not UTF-8", e);
        }
        line.reset();
        int start = number == 1 && text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
        lines.accept(place, text.substring(start, text.endsWith("\r") ? text.length() - 1 : text.length()));
    }
}
