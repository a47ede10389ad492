package org.flowrl.rl.grade.code;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.rl.grade.code.cell.Compilation;

/// Compile servers: processes that stay warm from one source to the next, are confined as programs are, and are ended
/// and replaced where a source keeps them too long.
final class JavaCompilers implements AutoCloseable {
    private static final long START_SECONDS = 120;
    private static final long LAST_WORD_SECONDS = 5;

    private final Supplier<Process> starter;
    private final ExecutorService threads;
    private final int seconds;
    private final Deque<Process> idle = new ConcurrentLinkedDeque<>();

    /// @param seconds that a source may take
    JavaCompilers(Supplier<Process> starter, ExecutorService threads, int seconds) {
        this.seconds = seconds;
        this.starter = starter;
        this.threads = threads;
    }

    /// @throws UnconfinedException where no compile server can be confined, or there is no compiler
    Compilation compile(String source) throws InterruptedException {
        Process free = idle.pollFirst();
        Process server = free != null ? free : start();
        try {
            Compilation compilation = within(seconds, () -> ask(server, source));
            idle.addFirst(server);
            return compilation;
        } catch (TimeoutException e) {
            server.destroyForcibly();
            return new Compilation.TooSlow();
        } catch (ExecutionException e) {
            return new Compilation.Rejected("the compiler ended on it: " + lastWord(server));
        }
    }

    private Process start() throws InterruptedException {
        Process server = starter.get();
        try {
            within(START_SECONDS, () -> CellJob.readWithLength(server.getInputStream()));
            return server;
        } catch (TimeoutException e) {
            server.destroyForcibly();
            throw new IllegalStateException("sandbox: no compile server in " + START_SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw new UnconfinedException(lastWord(server));
        }
    }

    private <T> T within(long seconds, Callable<T> work)
            throws InterruptedException, TimeoutException, ExecutionException {
        return threads.submit(work).get(seconds, TimeUnit.SECONDS);
    }

    private static Compilation ask(Process server, String source) throws IOException {
        server.getOutputStream().write(CellJob.withLength(source.getBytes(StandardCharsets.UTF_8)));
        server.getOutputStream().flush();
        return Compilation.read(CellJob.readWithLength(server.getInputStream()));
    }

    /// What a server that has failed said on standard error, after which it is ended.
    private String lastWord(Process server) throws InterruptedException {
        try {
            return Excerpt.of(new String(within(LAST_WORD_SECONDS, () -> server.getErrorStream().readAllBytes()),
                    StandardCharsets.UTF_8));
        } catch (TimeoutException | ExecutionException e) {
            return "it said nothing";
        } finally {
            server.destroyForcibly();
        }
    }

    @Override
    public void close() {
        for (Process server = idle.pollFirst(); server != null; server = idle.pollFirst()) {
            server.destroyForcibly();
        }
    }
}
