package org.flowrl.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.MemoryPlan;
import org.flowrl.rl.TrainConfig;

/// Whether a plan fits a device, and which settings would take less memory: each on top of those before it that help,
/// with the total that they lead to, until one fits.
///
/// @param program `train`, `generate` or `sft`
/// @param available bytes of the device
/// @param changes what may be set, in the order in which it is tried: what costs least first
/// @param planned the plan of a configuration
record PlanAdvice(String program, long available, List<Change> changes, Function<TrainConfig, MemoryPlan> planned) {
    /// A key of the configuration, and how it is set on the command line.
    ///
    /// @param option as both `inspect --plan` and the program take it
    record Change(String option, String key, String value) {
        private static Change set(String key, String value) {
            return new Change("--set " + key + "=" + value, key, value);
        }

        private TrainConfig of(TrainConfig config) {
            return ConfigFile.with(config, Map.of(key, value));
        }
    }

    private static final Change NARROW = new Change("--dtype BF16", "weights", "BF16");
    private static final Change NARROW_MOMENTS = Change.set("update.optimizer.adam.moments", "BF16");

    /// Same numbers first, then the types of weights and moments, then another way to train.
    static final List<Change> TRAIN = List.of(Change.set("update.recomputeActivations", "true"),
            Change.set("update.microBatchMebibytes", "1"), NARROW, NARROW_MOMENTS, Change.set("lora.rank", "16"));
    static final List<Change> GENERATE = List.of(NARROW);
    static final List<Change> SFT = List.of(NARROW_MOMENTS);

    /// Prints the verdict on a configuration's plan, and what would change it; true where it fits.
    boolean print(TrainConfig config, MemoryPlan plan, PrintStream out) {
        long left = available - plan.totalBytes();
        if (left >= 0) {
            out.println(program + " fits: " + PlanTable.human(plan.totalBytes()) + ", " + PlanTable.human(left)
                    + " left");
            return true;
        }
        out.println(program + " does not fit: it takes " + PlanTable.human(plan.totalBytes()) + ", "
                + PlanTable.human(-left) + " more than the device has");
        MemoryPlan least = tryChanges(config, plan, out);
        if (least.totalBytes() > available) {
            out.println("  no setting makes it fit: shorter prompts and responses, fewer samples, a smaller model, "
                    + "or a device of " + PlanTable.human(least.totalBytes()) + " and these settings");
        }
        return false;
    }

    /// The plan with all changes that help, or, where that fits, with those of them that are needed.
    private MemoryPlan tryChanges(TrainConfig config, MemoryPlan plan, PrintStream out) {
        MemoryPlan least = plan;
        List<Change> helpful = new ArrayList<>();
        for (Change change : changes) {
            TrainConfig best = with(helpful, config);
            if (isOn(change, best) || change.of(best).equals(best)) {
                continue;
            }
            MemoryPlan next = planned.apply(change.of(best));
            if (next.totalBytes() >= least.totalBytes()) {
                continue;
            }
            helpful.add(change);
            least = next;
            if (least.totalBytes() <= available) {
                List<Change> needed = needed(helpful, config);
                least = planned.apply(with(needed, config));
                print(needed, least, "fits", out);
                return least;
            }
            print(helpful, least, "does not fit", out);
        }
        return least;
    }

    /// The changes that are left when each is taken back, the latest first, without which the plan fits, too.
    private List<Change> needed(List<Change> fitting, TrainConfig config) {
        List<Change> needed = new ArrayList<>(fitting);
        for (Change change : fitting.reversed()) {
            List<Change> others = needed.stream().filter(one -> one != change).toList();
            if (planned.apply(with(others, config)).totalBytes() <= available) {
                needed.remove(change);
            }
        }
        return needed;
    }

    private static TrainConfig with(List<Change> changes, TrainConfig config) {
        TrainConfig changed = config;
        for (Change change : changes) {
            changed = change.of(changed);
        }
        return changed;
    }

    private static void print(List<Change> changes, MemoryPlan plan, String verdict, PrintStream out) {
        out.println("  with " + String.join(" ", changes.stream().map(Change::option).toList()) + ": "
                + PlanTable.human(plan.totalBytes()) + ", " + verdict);
    }

    /// Adapters of another rank than the one advised are adapters.
    private static boolean isOn(Change change, TrainConfig config) {
        return change.key().equals("lora.rank") && config.lora().isOn();
    }
}
