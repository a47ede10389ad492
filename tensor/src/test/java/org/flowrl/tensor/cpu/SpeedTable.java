package org.flowrl.tensor.cpu;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// How long each kernel takes in each of several JVMs and how much heap, and which of them are stuck in slow code.
///
/// A kernel's usual speed is its median over the JVMs. It is stuck in a JVM where it runs below half of that, and in
/// all slow JVMs where the median itself is below a quarter of the fastest: then most of them are stuck. It boxes
/// vectors where a call takes more heap than its jobs and arguments do.
final class SpeedTable {
    /// How many times slower than usual a kernel that is not stuck may be.
    private static final double FLOOR = 2;
    /// How many times slower than the fastest JVM the median may be: code that C2 never got is ten to a hundred times
    /// slower, one lucky JVM of five twice as fast.
    private static final double SPREAD = 4;
    /// Bytes of heap of a call that boxes nothing, at the most; a boxed vector takes 40 to 100, and there are hundreds.
    static final double UNBOXED = 8 << 10;

    private final int jvms;
    /// Nanoseconds of a kernel's call by JVM.
    private final Map<String, double[]> kernels = new TreeMap<>();
    /// Bytes of heap of a kernel's call by JVM.
    private final Map<String, double[]> heap = new TreeMap<>();

    /// An empty table.
    SpeedTable(int jvms) {
        this.jvms = jvms;
    }

    /// A kernel in a JVM.
    record Cell(String kernel, int jvm) {
    }

    /// Takes a line of {@link KernelSpeeds}, in place of what the same JVM said of the kernel before; other lines,
    /// such as the JVM's warnings, have no tabs and say nothing.
    void put(int jvm, String line) {
        String[] columns = line.split("\t");
        if (columns.length == 3) {
            kernels.computeIfAbsent(columns[0], name -> new double[jvms])[jvm] = Double.parseDouble(columns[1]);
            heap.computeIfAbsent(columns[0], name -> new double[jvms])[jvm] = Double.parseDouble(columns[2]);
        }
    }

    /// Kernels of the table.
    int size() {
        return kernels.size();
    }

    /// Nanoseconds of one call.
    double nanoseconds(Cell cell) {
        return kernels.get(cell.kernel)[cell.jvm];
    }

    /// Replaces a time.
    void putNanoseconds(Cell cell, double nanoseconds) {
        kernels.get(cell.kernel)[cell.jvm] = nanoseconds;
    }

    /// Bytes of heap of one call.
    double bytes(Cell cell) {
        return heap.get(cell.kernel)[cell.jvm];
    }

    /// Nanoseconds of one call in the median JVM; of two in the middle the faster one.
    double usual(String kernel) {
        double[] sorted = kernels.get(kernel).clone();
        Arrays.sort(sorted);
        return sorted[(jvms - 1) / 2];
    }

    /// The JVM where one call is fastest.
    Cell fastest(String kernel) {
        return IntStream.range(0, jvms).mapToObj(jvm -> new Cell(kernel, jvm))
                .min(Comparator.comparingDouble(this::nanoseconds)).orElseThrow();
    }

    private List<Cell> slowerThan(Map<String, Double> limits) {
        return limits.entrySet().stream().flatMap(limit -> IntStream.range(0, jvms)
                .mapToObj(jvm -> new Cell(limit.getKey(), jvm))
                .filter(cell -> nanoseconds(cell) > limit.getValue())).toList();
    }

    /// Where a kernel runs below half of its fastest speed: to be measured again.
    List<Cell> slow() {
        Map<String, Double> limits = new TreeMap<>();
        kernels.keySet().forEach(kernel -> limits.put(kernel, FLOOR * nanoseconds(fastest(kernel))));
        return slowerThan(limits);
    }

    /// Where a kernel is stuck.
    List<Cell> stuck() {
        Map<String, Double> limits = new TreeMap<>();
        kernels.keySet().forEach(kernel -> {
            double fastest = nanoseconds(fastest(kernel));
            boolean mostAreStuck = usual(kernel) > SPREAD * fastest;
            limits.put(kernel, FLOOR * (mostAreStuck ? fastest : usual(kernel)));
        });
        return slowerThan(limits);
    }

    /// Where a kernel boxes vectors.
    List<Cell> boxing() {
        return heap.keySet().stream().flatMap(kernel -> IntStream.range(0, jvms).mapToObj(jvm -> new Cell(kernel, jvm)))
                .filter(cell -> bytes(cell) > UNBOXED).toList();
    }

    /// A line for each kernel: usual microseconds, the fastest and the slowest speed as a share of the usual one, and
    /// the most bytes of heap.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        kernels.forEach((kernel, times) -> text.append(String.format(Locale.ROOT,
                "%-46s %9.2f us %5.2f %5.2f %8.0f B%n", kernel, usual(kernel) / 1e3,
                usual(kernel) / nanoseconds(fastest(kernel)),
                usual(kernel) / Arrays.stream(times).max().orElseThrow(),
                Arrays.stream(heap.get(kernel)).max().orElseThrow())));
        return text.toString();
    }
}
