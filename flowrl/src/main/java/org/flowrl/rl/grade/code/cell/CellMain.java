package org.flowrl.rl.grade.code.cell;

import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/// The main class of a cell: a JVM that waits for one job, closes itself, runs it and ends.
///
/// Two walls stand around the program. The kernel's (`Confinement`) is around the process. Inside, the JVM keeps the
/// program away from this module: no package of it is open or exported, only this module has native access
/// (`--illegal-native-access=deny`), and `sun.misc.Unsafe` is not in the JVM. So the program cannot read the seal that
/// its reports carry, and a report is to be believed.
///
/// Threads that the JVM starts before the walls are up must run no code of the program. Hence no finalizers
/// (`--finalization=disabled`), no signal handlers (`-Xrs`) and no attaching (`-XX:+DisableAttachMechanism`).
///
/// Arguments: `serve`, `compile` or `rehearse`; `confined` or `unconfined`; then the paths that may be read.
public final class CellMain {
    /// The stack of the program's main thread: deep recursion is common in answers to contest problems.
    private static final long MAIN_STACK_BYTES = 64L << 20;

    private final Walls walls;

    private CellMain(Walls walls) {
        this.walls = walls;
    }

    /// Entry point; see the class.
    public static void main(String[] args) throws IOException {
        Walls walls = Walls.of(args[1].equals("confined"), Stream.of(args).skip(2).map(Path::of).toList());
        switch (args[0]) {
            case "serve" -> new CellMain(walls).serve();
            case "compile" -> new CellMain(walls).compile();
            case "rehearse" -> new CellMain(new Walls.Rehearsed(walls)).serve();
            default -> throw new IllegalArgumentException("cell: mode " + args[0]);
        }
    }

    private void serve() throws IOException {
        CellJob job;
        try {
            job = CellJob.read(new FileInputStream(FileDescriptor.in));
        } catch (EOFException e) {
            return; // not needed after all
        }
        Report report = new Report(job.seal());
        try {
            switch (job.work()) {
                case CellJob.Execute(var command, var readable) ->
                        execute(report, job.limits(), command, readable.stream().map(Path::of).toList());
                case CellJob.RunMain(var classes, var reportReturn) -> {
                    report.started(walls.close(job.limits()));
                    ProgramLoader loader = new ProgramLoader(classes);
                    run(report, loader, () -> {
                        loader.runMain();
                        if (reportReturn) {
                            end(report, null);
                        }
                    });
                    // The JVM ends as any other: after the last thread that is no daemon, and after its hooks.
                }
                case CellJob.CallMethod(var classes, var method, var arguments) -> {
                    report.started(walls.close(job.limits()));
                    ProgramLoader loader = new ProgramLoader(classes);
                    run(report, loader, () -> end(report, loader.call(method, arguments)));
                }
            }
        } catch (Unconfined e) {
            report.notConfined(e.getMessage());
        }
    }

    /// Work that a thread of the program does.
    private interface Work {
        void run() throws Exception;
    }

    /// Runs the program on a thread of its own. Where it throws, says so and ends the process.
    private static void run(Report report, ProgramLoader loader, Work work) throws IOException {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread = new Thread(null, () -> {
            try {
                work.run();
            } catch (InvocationTargetException e) {
                thrown.set(e.getCause());
            } catch (Throwable e) {
                // Anything at all, for a program may throw anything; it is reported, and the process ends.
                thrown.set(e);
            }
        }, "main", MAIN_STACK_BYTES);
        thread.setContextClassLoader(loader);
        thread.start();
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                // The program may interrupt this thread; that changes nothing.
            }
        }
        if (thrown.get() != null) {
            System.out.flush();
            Throwable told = unwrapped(thrown.get());
            report.threw(told.getClass().getName(), message(told));
            Runtime.getRuntime().halt(1);
        }
    }

    /// Reports a value and ends the process at once, whatever threads and hooks the program has left.
    private static void end(Report report, Object value) throws IOException {
        report.returned(value);
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    /// A refusal may come out of a static initialiser of the JDK, wrapped.
    private static Throwable unwrapped(Throwable thrown) {
        Throwable told = thrown;
        while (told.getCause() != null && (told.getClass() == ExceptionInInitializerError.class
                || told.getClass() == UncheckedIOException.class || told.getClass() == IOError.class)) {
            told = told.getCause();
        }
        return told;
    }

    /// What an exception says of itself, which is the program's own code and may throw in turn.
    private static String message(Throwable thrown) {
        try {
            return String.valueOf(thrown.getMessage());
        } catch (Throwable e) {
            return "(no message: " + e.getClass().getName() + ")";
        }
    }

    /// Turns this process into the command. The kernel keeps the walls around it.
    private void execute(Report report, CellLimits limits, List<String> command, List<Path> readable)
            throws IOException {
        Kernel kernel = walls.kernel();
        MemorySegment program = kernel.memory().allocateFrom(command.getFirst());
        MemorySegment arguments = pointers(kernel, command);
        MemorySegment environment = pointers(kernel,
                List.of("PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent"));
        report.started(walls.closeAround(limits, readable));
        long error = kernel.attempt("execve", program.address(), arguments.address(), environment.address());
        report.threw("execve", command.getFirst() + ": error " + -error);
        Runtime.getRuntime().halt(1);
    }

    /// `char *[]`, ended by a null pointer.
    private static MemorySegment pointers(Kernel kernel, List<String> texts) {
        MemorySegment array = kernel.memory().allocate(ValueLayout.ADDRESS, texts.size() + 1L);
        for (int i = 0; i < texts.size(); i++) {
            array.setAtIndex(ValueLayout.ADDRESS, i, kernel.memory().allocateFrom(texts.get(i)));
        }
        return array;
    }

    /// Compiles until the parent closes the stream. Why it cannot is its last word on standard error.
    private void compile() throws IOException {
        try {
            walls.close(new CellLimits(Integer.MAX_VALUE, Integer.MAX_VALUE, Long.MAX_VALUE));
            new CompileServer(new FileInputStream(FileDescriptor.in), System.out).serve();
        } catch (Unconfined | IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
