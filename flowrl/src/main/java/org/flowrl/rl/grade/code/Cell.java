package org.flowrl.rl.grade.code;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.rl.grade.code.cell.CellLimits;
import org.flowrl.rl.grade.code.cell.Report;
import org.flowrl.rl.grade.code.cell.ValueStream;
import org.flowrl.tensor.io.IoFault;

/// A started process that waits for one job. Closing it ends the process and all that it has started.
final class Cell implements AutoCloseable {
    private static final SecureRandom SEALS = new SecureRandom();
    /// A cell that has not begun by then never will.
    private static final long START_SECONDS = 60;
    /// Pipes of a process that has ended are empty after at most this.
    private static final long DRAIN_SECONDS = 5;
    private static final int SIGNAL = 128;
    private static final int SIGALRM = 14;
    private static final int SIGXCPU = 24;

    private final Process process;
    private final ExecutorService threads;
    private String means;

    Cell(ProcessBuilder builder, ExecutorService threads) {
        this.threads = threads;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw IoFault.doing("sandbox: starting " + builder.command().getFirst(), e);
        }
    }

    /// Runs a job to its end, or to that of a limit.
    ///
    /// @param input what the program reads from its standard input
    Ending run(CellJob.Work work, byte[] input, ProgramLimits limits, long dataBytes) throws InterruptedException {
        byte[] seal = new byte[CellJob.SEAL_BYTES];
        SEALS.nextBytes(seal);
        AtomicReference<Ending.Limit> exceeded = new AtomicReference<>();
        Runnable tooMuch = () -> stop(exceeded, Ending.Limit.OUTPUT);
        CompletableFuture<Void> started = new CompletableFuture<>();
        CellLimits cellLimits = limits.forCell(dataBytes);
        // The cell's own reports may be as long again.
        Frames frames = new Frames(seal, started);
        Capture errors = new Capture(process.getErrorStream(), 2 * limits.outputBytes(), tooMuch, frames::look);
        Capture output = new Capture(process.getInputStream(), limits.outputBytes(), tooMuch, _ -> { });
        Future<?> errorsRead = threads.submit(errors);
        Future<?> outputRead = threads.submit(output);
        threads.submit(() -> feed(new CellJob(seal, cellLimits, work).toBytes(), input));
        // A process that ends before it has begun is not waited for any longer.
        process.onExit().thenRun(() -> started.complete(null));
        if (!done(started, START_SECONDS) || !process.waitFor((long) (limits.wallSeconds() * 1e3),
                TimeUnit.MILLISECONDS)) {
            stop(exceeded, Ending.Limit.WALL_TIME);
            process.waitFor();
        }
        if (!done(errorsRead, DRAIN_SECONDS) || !done(outputRead, DRAIN_SECONDS)) {
            return new Ending.NotRun("a process that the program left behind holds its output");
        }
        return ending(exceeded.get(), frames.of(errors.bytes()), output.bytes(), errors.bytes());
    }

    /// What confined the program that ran.
    String means() {
        return means;
    }

    private Ending ending(Ending.Limit exceeded, Frames.Found frames, byte[] output, byte[] errors) {
        int exitCode = process.exitValue();
        if (frames.started() == null) {
            return new Ending.NotRun("the cell ended with exit code " + exitCode + " before the program began: "
                    + new String(errors, StandardCharsets.UTF_8).strip());
        }
        String firstWords = text(frames.started());
        if (frames.started().kind() == Report.NOT_CONFINED) {
            return new Ending.NotRun(firstWords);
        }
        means = firstWords;
        if (exceeded != null) {
            return new Ending.Stopped(exceeded);
        }
        if (exitCode == SIGNAL + SIGXCPU || exitCode == SIGNAL + SIGALRM) {
            return new Ending.Stopped(exitCode == SIGNAL + SIGXCPU ? Ending.Limit.CPU_TIME : Ending.Limit.WALL_TIME);
        }
        return switch (frames.last().kind()) {
            case Report.RETURNED -> new Ending.Returned(value(frames.last()));
            case Report.THREW -> threw(frames.last());
            default -> new Ending.Ended(exitCode, output, frames.program());
        };
    }

    private static String text(Frames.Frame frame) {
        try {
            return CellJob.readText(new DataInputStream(new ByteArrayInputStream(frame.payload())));
        } catch (IOException e) {
            throw new AssertionError("a sealed frame", e);
        }
    }

    private static Object value(Frames.Frame frame) {
        try {
            return ValueStream.read(new DataInputStream(new ByteArrayInputStream(frame.payload())));
        } catch (IOException e) {
            throw new AssertionError("a sealed frame", e);
        }
    }

    private static Ending threw(Frames.Frame frame) {
        try {
            DataInputStream payload = new DataInputStream(new ByteArrayInputStream(frame.payload()));
            return new Ending.Threw(CellJob.readText(payload), CellJob.readText(payload));
        } catch (IOException e) {
            throw new AssertionError("a sealed frame", e);
        }
    }

    private void feed(byte[] job, byte[] input) {
        try (OutputStream in = process.getOutputStream()) {
            in.write(job);
            in.write(input);
        } catch (IOException e) {
            // The program has closed its input or ended without reading it, as it may.
        }
    }

    private void stop(AtomicReference<Ending.Limit> exceeded, Ending.Limit limit) {
        exceeded.compareAndSet(null, limit);
        close();
    }

    private static boolean done(Future<?> work, long seconds) throws InterruptedException {
        try {
            work.get(seconds, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("sandbox: reading from a cell", e.getCause());
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
