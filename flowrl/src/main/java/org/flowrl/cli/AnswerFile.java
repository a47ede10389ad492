package org.flowrl.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.flowrl.rl.eval.GradedAnswer;
import org.flowrl.tensor.io.IoFault;

/// The answers of an evaluation as JSONL that `score` reads, written problem by problem: whatever ends the program, the
/// file holds whole problems alone, and there is none where it would hold nothing.
final class AnswerFile implements AutoCloseable {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final Path path;
    private final FileChannel channel;
    private long end;
    private int problems;
    private boolean ended;

    /// Makes the file, which must not exist, and the folders above it.
    AnswerFile(Path path) {
        this.path = path;
        try {
            if (path.toAbsolutePath().getParent() != null) {
                Files.createDirectories(path.toAbsolutePath().getParent());
            }
            channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw IoFault.writing(path, e);
        }
    }

    /// Writes the answers to a problem.
    ///
    /// @throws CancellationException after {@link #close}, which another thread may have called
    /// @throws java.io.UncheckedIOException where they cannot be written; the file then holds those before
    synchronized void write(List<GradedAnswer> group) {
        if (ended) {
            throw new CancellationException(path + " has ended");
        }
        StringBuilder lines = new StringBuilder();
        group.forEach(answer -> lines.append(line(answer)).append('\n'));
        ByteBuffer bytes = ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            end = channel.position();
            problems++;
        } catch (IOException e) {
            throw IoFault.writing(path, e);
        }
    }

    /// Problems whose answers it holds.
    synchronized int problems() {
        return problems;
    }

    private static String line(GradedAnswer answer) {
        ObjectNode line = MAPPER.createObjectNode().put("id", answer.problem().id()).put("sample", answer.sample())
                .put("gold", answer.problem().answer()).put("response", answer.response());
        answer.answer().ifPresent(text -> line.put("answer", text));
        line.put("tokens", answer.tokens()).put("finished", answer.finished()).put("verdict", answer.verdict().kind())
                .put("score", answer.verdict().reward());
        if (!answer.verdict().reason().isEmpty()) {
            line.put("reason", answer.verdict().reason());
        }
        return line.toString();
    }

    /// Cuts what was written of a problem in part; removes a file without any. Any thread may, and more than once.
    @Override
    public synchronized void close() {
        if (ended) {
            return;
        }
        ended = true;
        try (channel) {
            channel.truncate(end);
            if (end == 0) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw IoFault.writing(path, e);
        }
    }
}
