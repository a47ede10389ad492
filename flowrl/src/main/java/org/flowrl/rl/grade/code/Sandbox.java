package org.flowrl.rl.grade.code;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.rl.grade.code.cell.Compilation;
import org.flowrl.tensor.Closing;
import org.flowrl.tensor.io.IoFault;

/// Runs programs of strangers, each in a cell of its own: a process that is started before it is needed, confined by
/// the kernel before it sees the program, and gone afterwards.
///
/// Closed to a program are the file system (but for reading the JDK), the network and other processes; limited are
/// heap, memory, CPU time, wall time and output. Safe for use by many threads.
public final class Sandbox implements AutoCloseable {
    private static final double PROBE_SECONDS = 20;
    private static final long COMPILER_HEAP_BYTES = 256L << 20;

    /// Tries what a cell must not be able to do, and prints what it could.
    private static final String PROBE = """
            public class Main {
                interface Attempt { void make() throws Exception; }
                static void attempt(String what, Attempt attempt) {
                    try {
                        attempt.make();
                        System.out.print(what + " ");
                    } catch (Throwable e) {
                        // refused, as it should be
                    }
                }
                public static void main(String[] args) {
                    String file = new java.util.Scanner(System.in).nextLine();
                    attempt("reading", () -> new java.io.FileInputStream(file).close());
                    attempt("writing", () -> new java.io.FileOutputStream(file + ".probe").close());
                    attempt("network", () -> new java.net.ServerSocket(0).close());
                    attempt("processes", () -> new ProcessBuilder("/bin/true").start());
                }
            }
            """;

    private final SandboxOptions options;
    private final boolean confined;
    private final List<String> flags;
    private final CellHome home = new CellHome();
    private final CellArchive archive = new CellArchive(home.archive());
    private final ExecutorService threads = Executors.newCachedThreadPool(Thread.ofPlatform().daemon()
            .name("sandbox-", 0).factory());
    private final JavaCompilers compilers;
    private final Semaphore places;
    private final Deque<Cell> waiting = new ArrayDeque<>();
    private boolean closed;
    private String means;

    private Sandbox(SandboxOptions options, boolean confined, List<String> flags) {
        this.options = options;
        this.confined = confined;
        this.flags = flags;
        compilers = new JavaCompilers(this::startCompiler, threads, options.compileSeconds());
        places = new Semaphore(options.parallelism());
    }

    /// Opens a sandbox, once a first program has shown that its cell is closed.
    ///
    /// @throws UnconfinedException where this kernel has no means of confining programs and the options do not allow to
    ///     run them all the same
    public static Sandbox open(SandboxOptions options) {
        return open(options, List.of());
    }

    /// @param flags of each cell's JVM; by them a test makes a cell believe that it is elsewhere
    static Sandbox open(SandboxOptions options, List<String> flags) {
        Sandbox sandbox = new Sandbox(options, true, flags);
        try {
            sandbox.means = sandbox.probe();
            return sandbox;
        } catch (UnconfinedException e) {
            sandbox.close();
            if (!options.allowUnconfined()) {
                throw e;
            }
            Sandbox open = new Sandbox(options, false, flags);
            open.means = "none: " + e.reason();
            return open;
        } catch (RuntimeException | Error e) {
            Closing.after(e, sandbox::close);
            throw e;
        }
    }

    /// The kernel means that confine programs here, or why there are none.
    public String means() {
        return means;
    }

    /// Whether programs are confined; never false unless the options allow it.
    public boolean isConfined() {
        return confined;
    }

    /// Programs that run at the same time; further ones wait.
    public int parallelism() {
        return options.parallelism();
    }

    /// The temporary folder.
    Path folder() {
        return home.folder();
    }

    /// Compiles a Java source, in a confined process too.
    public Compilation compile(String source) throws InterruptedException {
        places.acquire();
        try {
            return compilers.compile(source);
        } finally {
            places.release();
        }
    }

    /// Runs one program in a cell of its own.
    ///
    /// @param input its standard input
    public Ending run(CellJob.Work work, byte[] input, ProgramLimits limits) throws InterruptedException {
        places.acquire();
        try (Cell cell = take()) {
            return cell.run(work, input, limits, options.dataBytes());
        } finally {
            places.release();
        }
    }

    /// Shows that a cell is closed, and by what means.
    private String probe() {
        try {
            Compilation compilation = compile(PROBE);
            if (!(compilation instanceof Compilation.Compiled(var classes))) {
                throw new IllegalStateException("sandbox: its own first program: " + compilation);
            }
            byte[] file = home.marker().toString().getBytes(StandardCharsets.UTF_8);
            try (Cell cell = take()) {
                Ending ending = cell.run(new CellJob.RunMain(classes, false), file,
                        ProgramLimits.ofSeconds(PROBE_SECONDS), options.dataBytes());
                String open = switch (ending) {
                    case Ending.Ended(var exitCode, var output, _) when exitCode == 0 ->
                            new String(output, StandardCharsets.UTF_8).strip();
                    case Ending.NotRun(var reason) -> throw new UnconfinedException(reason);
                    default -> throw new IllegalStateException("sandbox: its own first program " + ending);
                };
                if (!open.isEmpty()) {
                    throw new UnconfinedException("a cell has access to what it must not: " + open);
                }
                return cell.means();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("sandbox: interrupted while it was opened", e);
        }
    }

    /// A waiting cell, or a new one. One more is started for the next program, so that it is warm by then.
    private Cell take() {
        Cell ready;
        synchronized (waiting) {
            ready = waiting.pollFirst();
        }
        Cell cell = ready != null ? ready : startCell();
        threads.submit(this::replenish);
        return cell;
    }

    private void replenish() {
        synchronized (waiting) {
            while (!closed && waiting.size() < options.parallelism()) {
                waiting.addLast(startCell());
            }
        }
    }

    private Cell startCell() {
        if (archive.isDueAfterAnotherCell()) {
            threads.submit(this::makeArchive);
        }
        return new Cell(home.forProgram(confined, options.heapBytes(), with(archive.flags())), threads);
    }

    /// Makes the archive from which later cells start sooner.
    private Void makeArchive() throws InterruptedException {
        try {
            switch (compile(CellArchive.REHEARSAL)) {
                case Compilation.Compiled(var classes) -> archive.make(home.forRehearsal(confined, options.heapBytes(),
                        flags), new CellJob.RunMain(classes, true));
                case Compilation.Rejected(var reason) -> archive.missing(reason);
                case Compilation.TooSlow() -> archive.missing("its rehearsal is not compiled in time");
            }
        } catch (RuntimeException e) {
            archive.missing(e.toString());
        }
        return null;
    }

    private List<String> with(List<String> more) {
        return Stream.concat(flags.stream(), more.stream()).toList();
    }

    private Process startCompiler() {
        try {
            return home.forCompiler(confined, COMPILER_HEAP_BYTES, flags).start();
        } catch (IOException e) {
            throw IoFault.doing("sandbox: starting a compile server", e);
        }
    }

    /// Ends all cells and removes the temporary folder. Programs that still run are not waited for.
    @Override
    public void close() {
        List<Runnable> ends = new ArrayList<>();
        synchronized (waiting) {
            closed = true;
            waiting.forEach(cell -> ends.add(cell::close));
            waiting.clear();
        }
        ends.addAll(List.of(archive::close, compilers::close, threads::shutdown, home::close));
        Closing.all(ends);
    }
}
