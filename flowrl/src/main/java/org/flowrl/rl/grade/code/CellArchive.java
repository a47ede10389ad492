package org.flowrl.rl.grade.code;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.rl.grade.code.cell.CellLimits;

/// The classes that a cell loads, parsed, verified and linked once and for all: a class-data archive of the JVM, which
/// maps it into each cell. No stranger's program has a part in it: it is what a JVM without walls has loaded when it
/// has run a program of our own (`CellMain`, `rehearse`).
final class CellArchive implements AutoCloseable {
    /// What programs often use, so that those classes are in the archive too.
    static final String REHEARSAL = """
            import java.io.*;
            import java.math.*;
            import java.util.*;
            import java.util.function.*;
            import java.util.stream.*;
            public class Main {
                record Pair(int first, String second) { }
                public static void main(String[] args) throws IOException {
                    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
                    StringTokenizer words = new StringTokenizer(in.readLine());
                    Map<Character, Integer> counts = new TreeMap<>();
                    for (char c : words.nextToken().toCharArray()) counts.merge(c, 1, Integer::sum);
                    List<Pair> pairs = new ArrayList<>();
                    counts.forEach((c, n) -> pairs.add(new Pair(n, c + ": " + n)));
                    pairs.sort(Comparator.comparing(Pair::first).thenComparing(Pair::second));
                    Deque<Integer> queue = new ArrayDeque<>(new PriorityQueue<>(new HashSet<>(counts.values())));
                    Object[] sums = {IntStream.range(0, 9).filter(i -> i % 2 == 0).sum(),
                        pairs.stream().map(Pair::second).collect(Collectors.joining(", ")), queue,
                        new LinkedList<>(pairs), Arrays.asList(1, 2), BigInteger.TWO.pow(70), Math.sqrt(2),
                        "a1b".replaceAll("[0-9]", "").split(" "), new Scanner("1 2").nextInt()};
                    System.out.println(Arrays.toString(sums) + String.format("%.2f %s", 1.5, new StringBuilder("x")));
                    try {
                        if (!counts.isEmpty()) throw new AssertionError();
                    } catch (AssertionError e) {
                        System.out.println(e);
                    }
                }
            }
            """;

    private static final System.Logger LOG = System.getLogger(CellArchive.class.getName());
    /// A cell costs some 50 ms of CPU less with an archive, which costs about as much as this many of them.
    private static final int CELLS_BEFORE = 16;
    private static final String INPUT = "abracadabra\n";

    private final Path file;
    private int cells;
    private Process rehearsal;
    private boolean there;
    private boolean closed;

    /// @param file where it is to be
    CellArchive(Path file) {
        this.file = file;
    }

    /// Flags of a cell that is about to start, which has the archive's classes once there is one.
    synchronized List<String> flags() {
        return there ? List.of("-XX:SharedArchiveFile=" + file) : List.of();
    }

    /// Counts a cell.
    ///
    /// @return true once: when so many have been started that an archive pays
    synchronized boolean isDueAfterAnotherCell() {
        return ++cells == CELLS_BEFORE;
    }

    /// Makes the archive; cells that start meanwhile do without. Where it cannot be made, so do those that come later,
    /// and that is logged.
    ///
    /// @param builder of a cell that rehearses and archives what it has loaded
    /// @param work the rehearsal's
    void make(ProcessBuilder builder, CellJob.Work work) throws InterruptedException {
        Process process;
        synchronized (this) {
            if (closed) {
                return;
            }
            try {
                process = builder.redirectOutput(Redirect.DISCARD).redirectError(Redirect.DISCARD).start();
            } catch (IOException e) {
                missing(e.toString());
                return;
            }
            rehearsal = process;
        }
        try (OutputStream in = process.getOutputStream()) {
            in.write(new CellJob(new byte[CellJob.SEAL_BYTES], new CellLimits(1, 1, 1), work).toBytes());
            in.write(INPUT.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It ended before it had read all; its exit code says so.
            LOG.log(System.Logger.Level.DEBUG, "the rehearsal's input", e);
        }
        int exitCode = process.waitFor();
        if (exitCode != 0) {
            missing("exit code " + exitCode);
        }
        synchronized (this) {
            there = exitCode == 0 && !closed;
        }
    }

    /// Says that there is no archive, unless it is not wanted any more.
    synchronized void missing(String reason) {
        if (!closed) {
            LOG.log(System.Logger.Level.WARNING, "sandbox: cells start without an archive of their classes, which "
                    + "takes them longer: " + reason);
        }
    }

    /// Ends a rehearsal that is under way.
    @Override
    public void close() {
        Process process;
        synchronized (this) {
            closed = true;
            process = rehearsal;
        }
        if (process != null) {
            process.destroyForcibly();
            process.onExit().join();
        }
    }
}
