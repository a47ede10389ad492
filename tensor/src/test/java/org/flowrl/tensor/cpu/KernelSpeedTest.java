package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.tensor.BackendProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// No kernel is stuck in slow code in any of eighteen fresh JVMs, each of which runs all kernels in its own order.
///
/// Whether the JIT compiles a kernel well can depend on what ran before and on timing: a kernel that is fast in a
/// benchmark may be a hundred times slower for the life of another JVM. See {@link FirstCompiler} for one known cause,
/// {@link VectorLanes} for another, which shows as heap that a kernel takes: that has no noise, unlike time.
class KernelSpeedTest {
    private static final int JVMS = 5;
    private static final int AT_LEAST = 80;
    /// Seconds of processor time within which a late compilation must have come.
    private static final double LATE = 20;
    /// A kernel that was slow is measured again until it takes at most so many times what it does where it is fastest.
    private static final double FAST_AGAIN = 1.9;
    /// Rounds of a slow kernel beside the same kernel where it is fastest, each of so many seconds at the most.
    private static final int ROUNDS = 8;
    private static final double ROUND = 0.5;

    @BeforeEach
    void needsTheVectorBackend() {
        BackendProvider.Candidate candidate = new VectorProvider().candidates().getFirst();
        assumeTrue(candidate.available(), candidate.reason());
    }

    /// With and without the vector module's bounds checks, which compile differently, and without the profiles from
    /// which C2 guesses the class of a vector: whether a kernel has one is a matter of timing. Beside them a JVM
    /// without flags says how fast a kernel can be.
    @ParameterizedTest
    @ValueSource(strings = {"", VectorTiersTest.UNCHECKED, "-XX:-UseTypeProfile"})
    void everyKernelRunsAboveHalfItsUsualSpeedInEveryJvm(String flag) {
        List<String> flags = new ArrayList<>(Collections.nCopies(JVMS, flag));
        flags.add("");
        SpeedTable table = new SpeedTable(flags.size());
        List<String> stuck = stuck(table, "", flags);
        System.out.printf("kernels in %d fresh JVMs %s and one without flags: usual time, fastest and slowest speed"
                + " against the usual, most heap%n%s", JVMS, flag, table);
        assertThat(table.size()).isGreaterThan(AT_LEAST);
        assertThat(stuck).as("kernels stuck in slow code. Run the JVM's command line again with -XX:+PrintCompilation"
                + " (COMPILE SKIPPED, made not compilable, no level 4 of the kernel) and with"
                + " -XX:+UnlockDiagnosticVMOptions -XX:+PrintInlining (failed to inline), then read the class doc of"
                + " VectorTile").isEmpty();
    }

    /// C2 decides anew in each JVM which of our methods it inlines; whatever it decides, nothing is boxed.
    @Test
    void noKernelBoxesVectorsWhereNoMethodIsInlined() {
        SpeedTable table = new SpeedTable(1);
        assertThat(stuck(table, "", List.of("-XX:CompileCommand=quiet"
                + " -XX:CompileCommand=dontinline,org.flowrl.tensor.cpu.Vector*::*"))).isEmpty();
        assertThat(table.size()).isGreaterThan(AT_LEAST);
    }

    @Test
    void aKernelThatIsNotCompiledIsStuck() {
        List<String> stuck = stuck(new SpeedTable(3), "rows.rope inverse E=64", List.of("", "",
                "-XX:CompileCommand=quiet -XX:CompileCommand=exclude,org.flowrl.tensor.cpu.Vector*::*"));
        assertThat(stuck).hasSize(2).allSatisfy(line ->
                assertThat(line).contains("rows.rope inverse", "CompileCommand=exclude"));
    }

    @Test
    void slowJvmsAreStuckEvenWhereTheyAreTheMost() {
        SpeedTable table = new SpeedTable(5);
        double[][] times = {{10, 19, 14, 21, 15}, {10, 11, 45, 44, 46}, {10, 10, 10, 10, 999}};
        for (int kernel = 0; kernel < times.length; kernel++) {
            for (int jvm = 0; jvm < times[kernel].length; jvm++) {
                table.put(jvm, "kernel " + kernel + "\t" + times[kernel][jvm] + "\t0");
            }
        }
        table.put(4, "a line without a number");
        assertThat(table.size()).isEqualTo(times.length);
        assertThat(table.usual("kernel 0")).isEqualTo(15);
        assertThat(table.slow()).contains(new SpeedTable.Cell("kernel 0", 3));
        assertThat(table.stuck()).containsExactly(new SpeedTable.Cell("kernel 1", 2),
                new SpeedTable.Cell("kernel 1", 3), new SpeedTable.Cell("kernel 1", 4),
                new SpeedTable.Cell("kernel 2", 4));
    }

    /// Fills the table, one JVM after the other; JVMs live on until all have been measured, so that a kernel that is
    /// slow against another JVM, or boxes vectors, can be measured again where it did.
    ///
    /// @return a line for each kernel that is stuck, and for each that boxes vectors
    private static List<String> stuck(SpeedTable table, String kernels, List<String> flags) {
        List<FreshJvm> jvms = new ArrayList<>();
        try {
            for (int jvm = 0; jvm < flags.size(); jvm++) {
                jvms.add(new FreshJvm(flags.get(jvm), KernelSpeeds.class, Integer.toString(jvm + 1), kernels));
                for (String line : jvms.getLast().answer()) {
                    table.put(jvm, line);
                }
            }
            Map<SpeedTable.Cell, Double> seen = new HashMap<>();
            for (List<SpeedTable.Cell> doubtful = doubtful(table, seen); !doubtful.isEmpty();
                    doubtful = doubtful(table, seen)) {
                for (SpeedTable.Cell cell : doubtful) {
                    seen.put(cell, table.nanoseconds(table.fastest(cell.kernel())));
                    measureAgain(table, cell, jvms);
                }
            }
            Stream<String> slow = table.stuck().stream().map(cell -> String.format("%s: %.1f us, usually %.1f, in %s",
                    cell.kernel(), table.nanoseconds(cell) / 1e3, table.usual(cell.kernel()) / 1e3,
                    jvms.get(cell.jvm())));
            Stream<String> boxing = table.boxing().stream().map(cell -> String.format("%s: %.0f bytes of heap, in %s",
                    cell.kernel(), table.bytes(cell), jvms.get(cell.jvm())));
            return Stream.concat(slow, boxing).toList();
        } finally {
            jvms.forEach(FreshJvm::close);
        }
    }

    /// What is to be measured again: what is slow or boxes, once, and anew where another JVM has since been twice as
    /// fast, since a kernel that is compiled late everywhere shows only then how fast it is.
    ///
    /// @param seen the fastest time of a kernel when it was last measured again
    private static List<SpeedTable.Cell> doubtful(SpeedTable table, Map<SpeedTable.Cell, Double> seen) {
        return Stream.concat(table.slow().stream(), table.boxing().stream()).distinct()
                .filter(cell -> table.nanoseconds(table.fastest(cell.kernel()))
                        < seen.getOrDefault(cell, Double.POSITIVE_INFINITY) / 2).toList();
    }

    /// Measures a kernel again where it is slow or boxes. Where it stays slow, the JVM in which it is fastest measures
    /// it, too, in turns: what slows the one before and after the other is the machine, and is taken out of the time.
    private static void measureAgain(SpeedTable table, SpeedTable.Cell cell, List<FreshJvm> jvms) {
        double before = table.nanoseconds(cell);
        SpeedTable.Cell peer = table.fastest(cell.kernel());
        double fastest = table.nanoseconds(peer);
        double target = FAST_AGAIN * fastest;
        double least = ask(table, cell, target, LATE, jvms);
        if (least > target) {
            double earlier = ask(table, peer, fastest, ROUND, jvms);
            for (int round = 0; round < ROUNDS && least > target; round++) {
                double own = ask(table, cell, target, ROUND, jvms);
                double later = ask(table, peer, fastest, ROUND, jvms);
                least = Math.min(least, own / Math.max(1, Math.min(earlier, later) / fastest));
                earlier = later;
            }
            table.putNanoseconds(peer, Math.min(fastest, earlier));
            table.putNanoseconds(cell, least);
        }
        System.out.printf("measured again in JVM %d: %s, %.1f us, then %.1f us (%.1f us in JVM %d)%n", cell.jvm() + 1,
                cell.kernel(), before / 1e3, least / 1e3, fastest / 1e3, peer.jvm() + 1);
    }

    private static double ask(SpeedTable table, SpeedTable.Cell cell, double target, double seconds,
            List<FreshJvm> jvms) {
        FreshJvm jvm = jvms.get(cell.jvm());
        jvm.say(cell.kernel() + "\t" + target + "\t" + seconds);
        jvm.answer().forEach(line -> table.put(cell.jvm(), line));
        return table.nanoseconds(cell);
    }
}
