package org.flowrl.bench.kernel;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.flowrl.bench.Machine;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `kernels`: measures every kernel beside its peers and writes the table of ratios.
@Command(name = "kernels", mixinStandardHelpOptions = true,
        description = "Measure every kernel beside its peers and write the table of ratios.")
public final class KernelsCommand implements Callable<Integer> {
    @Option(names = "--filter", paramLabel = "REGEX", defaultValue = "",
            description = "Only cases in whose name or group this is found, such as 'forward-(64|512)x' or attention.")
    private Pattern filter;

    @Option(names = "--threads", split = ",", defaultValue = "1,2", description = "Default: ${DEFAULT-VALUE}.")
    private List<Integer> threads;

    @Option(names = "--engines", split = ",", description = "Only these beside flowrl; default: all that there are.")
    private List<String> engines;

    @Option(names = "--quick", description = "3 short rounds in place of 7, and no scalar reference.")
    private boolean quick;

    @Option(names = "--missing", description = "Skip what the results hold already; the table is made anew.")
    private boolean missing;

    @Option(names = "--list", description = "Print the cases and stop.")
    private boolean list;

    @Option(names = "--out", paramLabel = "DIR", defaultValue = "bench/results",
            description = "Default: ${DEFAULT-VALUE}.")
    private Path out;

    @Spec
    private CommandSpec spec;

    /// For picocli.
    public KernelsCommand() {
    }

    /// How long a case is measured. Kernels of some microseconds need more than a second until their last method is
    /// compiled: after half a second one ran at 19 ms, after one at 0.13, in the end at 0.03.
    ///
    /// @param warmUps iterations for each Java engine
    private record Pace(int warmUps, int warmUpMilliseconds, int rounds, int roundMilliseconds) {
        static final Pace FULL = new Pace(2, 500, 7, 150);
        static final Pace QUICK = new Pace(1, 1500, 3, 60);
    }

    @Override
    public Integer call() throws IOException {
        List<KernelCase> cases = KernelCases.all().stream()
                .filter(one -> filter.matcher(one.name()).find() || filter.matcher(one.group()).find()).toList();
        if (list) {
            cases.forEach(one -> System.out.println(one.name()));
            return 0;
        }
        KernelResults results = new KernelResults(out, Machine.current());
        List<String> failures = new ArrayList<>();
        int done = 0;
        for (KernelCase kernelCase : cases) {
            for (int count : threads) {
                String what = "[" + ++done + "/" + cases.size() * threads.size() + "] " + kernelCase.name() + ", "
                        + count + (count == 1 ? " thread" : " threads");
                if (missing && results.holds(kernelCase, count)) {
                    continue;
                }
                try {
                    results.replace(measure(kernelCase, count));
                    results.write(command());
                    System.out.println(what + ": " + summary(results, kernelCase, count));
                } catch (RunnerException e) {
                    failures.add(what + ": " + rootMessage(e));
                    System.out.println(failures.getLast());
                }
            }
        }
        results.write(command());
        System.out.println(results.markdown() + (failures.isEmpty() ? "" : "; failed:"));
        failures.forEach(System.out::println);
        return failures.isEmpty() ? 0 : 1;
    }

    private List<Measurement> measure(KernelCase kernelCase, int count) throws RunnerException {
        List<Engine> measured = Engine.all().stream().filter(engine -> engine.supports(kernelCase))
                .filter(engine -> engine.role() == Engine.Role.OURS || (engines == null
                        ? !quick || !engine.name().equals("reference") : engines.contains(engine.name())))
                .toList();
        Pace pace = quick ? Pace.QUICK : Pace.FULL;
        int java = (int) measured.stream().filter(Engine::isJava).count();
        Options options = new OptionsBuilder().include("\\b" + KernelBenchmark.class.getSimpleName() + "\\b")
                .param("kernel", kernelCase.name())
                .param("engines", measured.stream().map(Engine::name)
                        .collect(Collectors.joining(KernelBenchmark.SEPARATOR)))
                .param("threads", Integer.toString(count))
                .warmupIterations(pace.warmUps * java)
                .warmupTime(TimeValue.milliseconds(pace.warmUpMilliseconds))
                .measurementIterations(pace.rounds * measured.size())
                .measurementTime(TimeValue.milliseconds(pace.roundMilliseconds))
                .verbosity(VerboseMode.SILENT).shouldFailOnError(true).build();
        List<IterationResult> iterations = new ArrayList<>(new Runner(options).runSingle()
                .getBenchmarkResults().iterator().next().getIterationResults());
        return measurements(kernelCase, count, measured, iterations);
    }

    /// Iteration i is a round of engine i mod their number, see {@link KernelBenchmark}.
    private static List<Measurement> measurements(KernelCase kernelCase, int count, List<Engine> measured,
            List<IterationResult> iterations) {
        List<Measurement> all = new ArrayList<>();
        for (int e = 0; e < measured.size(); e++) {
            List<Double> nanoseconds = new ArrayList<>();
            double difference = 0;
            for (int i = e; i < iterations.size(); i += measured.size()) {
                IterationResult result = iterations.get(i);
                double repetitions = result.getSecondaryResults().get("repetitions").getScore();
                difference = result.getSecondaryResults().get("difference").getScore();
                nanoseconds.add(result.getPrimaryResult().getScore() / repetitions);
            }
            all.add(new Measurement(kernelCase.name(), count, measured.get(e).name(), nanoseconds, difference,
                    LocalDateTime.now()));
        }
        return all;
    }

    private static String summary(KernelResults results, KernelCase kernelCase, int count) {
        Comparison comparison = results.comparisons().stream().filter(one -> one.kernelCase().equals(kernelCase)
                && one.threads() == count).findFirst().orElseThrow();
        Map<String, Double> speeds = new LinkedHashMap<>();
        comparison.measurements().forEach((engine, one) -> speeds.put(engine, comparison.speed(one)));
        return speeds.entrySet().stream().map(one -> one.getKey() + " " + RatioTables.speed(one.getValue()))
                .collect(Collectors.joining(", ")) + " " + kernelCase.limit().unit()
                + comparison.ratio().map(ratio -> String.format(Locale.ROOT, "; ratio %.2f", ratio)).orElse("");
    }

    private String command() {
        return String.join(" ", spec.commandLine().getParent().getParseResult().originalArgs());
    }

    private static String rootMessage(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null || cause.getSuppressed().length > 0) {
            cause = cause.getCause() != null ? cause.getCause() : cause.getSuppressed()[0];
        }
        return cause.getMessage();
    }
}
