package org.flowrl.rl.grade.code;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.rl.grade.code.cell.Compilation;

/// Compile servers: processes that stay warm from one source to the next, are confined as programs are, and are ended
/// and replaced where a source keeps them too long.
final class JavaCompilers implements AutoCloseable {
    private static final long COMPILE_SECONDS = 20;

    private final Supplier<Process> starter;
    private final ExecutorService threads;
    private final Deque<Process> idle = new ConcurrentLinkedDeque<>();

    JavaCompilers(Supplier<Process> starter, ExecutorService threads) {
        this.starter = starter;
        this.threads = threads;
    }

    Compilation compile(String source) throws InterruptedException {
        Process free = idle.pollFirst();
        Process server = free != null ? free : starter.get();
        Future<Compilation> reply = threads.submit(() -> ask(server, source));
        boolean kept = false;
        try {
            Compilation compilation = reply.get(COMPILE_SECONDS, TimeUnit.SECONDS);
            idle.addFirst(server);
            kept = true;
            return compilation;
        } catch (TimeoutException e) {
            return new Compilation.TooSlow();
        } catch (ExecutionException e) {
            return new Compilation.Rejected("the compiler ended on it: " + diagnosis(server));
        } finally {
            if (!kept) {
                server.destroyForcibly();
            }
        }
    }

    private static Compilation ask(Process server, String source) throws IOException {
        server.getOutputStream().write(CellJob.withLength(source.getBytes(StandardCharsets.UTF_8)));
        server.getOutputStream().flush();
        return Compilation.read(CellJob.readWithLength(server.getInputStream()));
    }

    /// The first line that the server left behind.
    private static String diagnosis(Process server) {
        server.destroyForcibly();
        try {
            return new String(server.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).lines()
                    .findFirst().orElse("it said nothing");
        } catch (IOException e) {
            return "it said nothing";
        }
    }

    @Override
    public void close() {
        for (Process server = idle.pollFirst(); server != null; server = idle.pollFirst()) {
            server.destroyForcibly();
        }
    }
}
