package org.flowrl.bench.steps;

import java.util.Optional;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;

/// FlowRL itself, through its public library API.
public final class FlowRlEngine implements StepEngine {
    /// The name in reports.
    public static final String NAME = "flowrl";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        try (Backend backend = Backends.open("cpu", 1).backend()) {
            return backend.name() + " backend, " + backend.description().replaceFirst(", 1 threads?", "")
                    + "; activations F32";
        }
    }

    @Override
    public Optional<String> refusal(Workload workload) {
        return Optional.empty();
    }

    @Override
    public double lossTolerance() {
        return 0;
    }

    @Override
    public Prepared open(Workload workload, int threads) {
        Backend backend = Backends.open("cpu", threads).backend();
        return switch (workload.kind()) {
            case TRAIN -> new FlowRlTraining(backend, workload);
            case DECODE, PREFILL -> new FlowRlGeneration(backend, workload);
            case LATTICE -> new FlowRlLattice(backend);
        };
    }
}
