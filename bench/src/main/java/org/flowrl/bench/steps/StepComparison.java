package org.flowrl.bench.steps;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.flowrl.bench.steps.StepEngine.Outcome;

/// Runs one workload with several engines and as many threads: together, in turns, where memory holds them all, so that
/// a busy neighbour slows all of them alike; else one after the other.
///
/// @param warm untimed runs of each engine
/// @param repeats timed runs of each engine
/// @param isApart true where engines run one after the other in any case
/// @param recorded measurements of earlier calls, whose losses stand in for engines that do not run now
/// @param progress told what goes on, a line at a time
record StepComparison(int warm, int repeats, boolean isApart, List<Measurement> recorded, Consumer<String> progress) {
    /// From this many weights on, engines train one after the other: weights, gradients and moments of two would not
    /// fit into memory.
    private static final long LARGE = 100_000_000;

    StepComparison {
        if (warm < 0 || repeats < 1) {
            throw new IllegalArgumentException("steps: " + warm + " warm runs must be 0 or more, and " + repeats
                    + " repeats at least 1");
        }
    }

    /// The measurements of all engines, our own first where it is among them.
    List<Measurement> measure(Workload workload, List<StepEngine> engines, int threads) {
        Map<StepEngine, String> checks = new LinkedHashMap<>();
        for (StepEngine engine : engines) {
            checks.put(engine, isGeneration(workload) && !isOurs(engine)
                    ? StepAgreement.tokens(new FlowRlEngine(), engine) : "");
        }
        Map<StepEngine, List<Outcome>> outcomes = new LinkedHashMap<>();
        if (isApart || isLarge(workload)) {
            engines.forEach(engine -> outcomes.putAll(inTurns(workload, List.of(engine), threads)));
        } else {
            outcomes.putAll(inTurns(workload, engines, threads));
        }
        List<Measurement> measurements = new ArrayList<>();
        outcomes.forEach((engine, runs) -> {
            String check = workload.kind() == Workload.Kind.TRAIN && !isOurs(engine)
                    ? StepAgreement.losses(engine.name(), ourLosses(workload, outcomes), losses(runs),
                            engine.lossTolerance()) : checks.get(engine);
            measurements.add(summary(workload, engine, threads, runs, check));
        });
        return measurements;
    }

    private Map<StepEngine, List<Outcome>> inTurns(Workload workload, List<StepEngine> engines, int threads) {
        Map<StepEngine, StepEngine.Prepared> opened = new LinkedHashMap<>();
        Map<StepEngine, List<Outcome>> outcomes = new LinkedHashMap<>();
        try {
            for (StepEngine engine : engines) {
                opened.put(engine, engine.open(workload, threads));
                outcomes.put(engine, new ArrayList<>());
            }
            for (int round = 0; round < warm + repeats; round++) {
                for (StepEngine engine : engines) {
                    Outcome outcome = opened.get(engine).run();
                    outcomes.get(engine).add(outcome);
                    progress.accept(String.format(Locale.ROOT, "%s, %d threads, %s: %.4g s, %.5g tokens/s %s",
                            workload, threads, engine.name(), outcome.seconds(), outcome.rate(), outcome.stages()));
                }
            }
        } finally {
            opened.values().forEach(StepEngine.Prepared::close);
        }
        return outcomes;
    }

    private Measurement summary(Workload workload, StepEngine engine, int threads, List<Outcome> runs, String check) {
        List<Outcome> timed = runs.subList(warm, runs.size());
        Map<String, Double> stages = new LinkedHashMap<>();
        for (String stage : timed.getFirst().stages().keySet()) {
            stages.put(stage, Samples.median(timed.stream().mapToDouble(run -> run.stages().get(stage)).toArray()));
        }
        return new Measurement(workload.name(), engine.name(), engine.description(), threads,
                timed.getFirst().tokens(), timed.stream().map(Outcome::seconds).toList(), stages,
                workload.kind() == Workload.Kind.TRAIN ? losses(runs) : List.of(), check);
    }

    private List<Double> ourLosses(Workload workload, Map<StepEngine, List<Outcome>> outcomes) {
        return outcomes.entrySet().stream().filter(entry -> isOurs(entry.getKey()))
                .map(entry -> losses(entry.getValue())).findFirst()
                .or(() -> recorded.stream().filter(old -> old.workload().equals(workload.name())
                        && old.engine().equals(FlowRlEngine.NAME)).map(Measurement::losses).findFirst())
                .orElseThrow(() -> new IllegalStateException("steps: " + workload + " must be run with engine "
                        + FlowRlEngine.NAME + " before its peers, whose losses are compared with ours"));
    }

    private static List<Double> losses(List<Outcome> runs) {
        return runs.stream().map(Outcome::loss).toList();
    }

    private static boolean isOurs(StepEngine engine) {
        return engine instanceof FlowRlEngine;
    }

    private static boolean isGeneration(Workload workload) {
        return workload.kind() == Workload.Kind.DECODE || workload.kind() == Workload.Kind.PREFILL;
    }

    private static boolean isLarge(Workload workload) {
        return workload.kind() == Workload.Kind.TRAIN
                && (long) workload.config().vocabSize() * workload.config().hiddenSize() > LARGE;
    }
}
