package org.flowrl.bench.steps;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import org.flowrl.bench.Machine;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `steps`: times whole steps beside those of peers, and writes the table.
///
/// ```
/// steps --workload train-tiny --threads 1,2        # adds to bench/results/steps-CPU.jsonl, writes steps-CPU.md
/// steps --list
/// ```
@Command(name = "steps", mixinStandardHelpOptions = true,
        description = "Times training steps, decoding, prefill and a lattice step beside libtorch and llama.cpp.")
public final class StepsCommand implements Callable<Integer> {
    @Option(names = "--workload", split = ",", description = "workloads to run; default: all")
    private List<String> workloads = new ArrayList<>();

    @Option(names = "--engine", split = ",", description = "engines to run; default: all that are there")
    private List<String> engines = new ArrayList<>();

    @Option(names = "--threads", split = ",", defaultValue = "1,2", description = "default: ${DEFAULT-VALUE}")
    private List<Integer> threads;

    @Option(names = "--warm", defaultValue = "2", description = "untimed runs; default: ${DEFAULT-VALUE}")
    private int warm;

    @Option(names = "--repeats", defaultValue = "5", description = "timed runs; default: ${DEFAULT-VALUE}")
    private int repeats;

    @Option(names = "--apart", description = "engines one after the other, not in turns: native thread teams and "
            + "caches of one then do not slow another")
    private boolean isApart;

    @Option(names = "--results", defaultValue = "bench/results", description = "folder; default: ${DEFAULT-VALUE}")
    private Path results;

    @Option(names = "--list", description = "list workloads and engines, run nothing")
    private boolean isList;

    @Option(names = "--report", description = "write the table of what was recorded, run nothing")
    private boolean isReport;

    @Spec
    private CommandSpec spec;

    /// Runs the command by itself.
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new StepsCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        List<StepEngine> all = engines();
        if (isList) {
            Workload.all().forEach(workload -> out.println(workload.name()));
            all.forEach(engine -> out.println(engine.name() + ": " + engine.description()));
            return 0;
        }
        Machine machine = Machine.current();
        Path records = results.resolve("steps-" + machine.slug() + ".jsonl");
        if (!isReport) {
            for (Workload workload : chosenWorkloads()) {
                run(workload, chosen(all), records, out);
            }
        }
        Path table = results.resolve("steps-" + machine.slug() + ".md");
        Files.writeString(table, new StepsReport(machine, Measurement.read(records)).markdown());
        out.println(table);
        return 0;
    }

    private void run(Workload workload, List<StepEngine> chosen, Path records, PrintWriter out) {
        List<StepEngine> able = new ArrayList<>();
        for (StepEngine engine : chosen) {
            Optional<String> refusal = engine.refusal(workload);
            refusal.ifPresent(reason -> out.println(workload + ": not with " + engine.name() + ": " + reason));
            if (refusal.isEmpty()) {
                able.add(engine);
            }
        }
        for (int count : threads) {
            List<Measurement> recorded = Files.exists(records) ? Measurement.read(records) : List.of();
            StepComparison comparison = new StepComparison(warm, repeats, isApart, recorded, line -> {
                out.println(line);
                out.flush();
            });
            comparison.measure(workload, able, count).forEach(measurement -> measurement.append(records));
        }
    }

    private List<Workload> chosenWorkloads() {
        return workloads.isEmpty() ? Workload.all() : workloads.stream().map(Workload::named).toList();
    }

    private List<StepEngine> chosen(List<StepEngine> all) {
        if (engines.isEmpty()) {
            return all;
        }
        return engines.stream().map(name -> all.stream().filter(engine -> engine.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("steps: engine '" + name + "' must be one of "
                        + String.join(", ", all.stream().map(StepEngine::name).toList())))).toList();
    }

    /// Our own engine, then the peers that were built in.
    private static List<StepEngine> engines() {
        List<StepEngine> all = new ArrayList<>();
        all.add(new FlowRlEngine());
        ServiceLoader.load(StepEngine.class, StepsCommand.class.getClassLoader()).forEach(all::add);
        return all;
    }
}
