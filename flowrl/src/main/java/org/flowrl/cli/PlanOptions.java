package org.flowrl.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.MemoryPlan;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.transformer.QwenConfig;
import picocli.CommandLine.Option;

/// What `inspect --plan` plans for, and the plan.
final class PlanOptions {
    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*([KMGT]i?)?B?",
            Pattern.CASE_INSENSITIVE);
    private static final int PROMPT_TOKENS = 512;
    private static final int RESPONSE_TOKENS = 512;
    /// The least that a step can be made of.
    private static final MemoryPlan.Load LEAST = new MemoryPlan.Load(1, 2, 1, 1);

    @Option(names = "--plan", description = "Show how much memory generate and train take, part by part. Needs "
            + "config.json alone; PATH may be that file.")
    private boolean isWanted;

    @Option(names = "--algo", defaultValue = "flowrl", paramLabel = "NAME",
            description = "With --plan: flowrl or grpo (default: flowrl).")
    private String algorithm;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "With --plan: a key of train's configuration, "
            + "such as rollout.samples=8 or update.microBatchMebibytes=4096. Repeatable.")
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(names = "--prompt-tokens", paramLabel = "N",
            description = "With --plan: longest prompt (default: 512, or what the positions leave).")
    private Integer promptTokens;

    @Option(names = "--response-tokens", paramLabel = "N",
            description = "With --plan: longest response (default: 512, or what the positions leave).")
    private Integer responseTokens;

    @Option(names = "--dtype", defaultValue = "F32", paramLabel = "TYPE",
            description = "With --plan: type of the packed copies, F32 or BF16 (default: F32).")
    private DType packed;

    @Option(names = "--threads", paramLabel = "N", description = "With --plan: CPU threads (default: all).")
    private Integer threads;

    @Option(names = "--device-memory", paramLabel = "SIZE", description = "With --plan: memory of the device, such as "
            + "141GB or 24GiB; fails where a plan does not fit, and says what to change.")
    private String deviceMemory;

    boolean isWanted() {
        return isWanted;
    }

    /// One line on what stays in memory, whatever is sampled.
    static String summary(QwenConfig model) {
        MemoryPlan generate = MemoryPlan.generate(model, DType.F32, LEAST, 1);
        MemoryPlan train = MemoryPlan.train(model, Presets.config("lattice", "flowrl"), DType.F32, LEAST, 1);
        return "memory: " + PlanTable.human(generate.residentBytes()) + " of weights to generate, "
                + PlanTable.human(train.residentBytes()) + " of weights, gradients and moments to train; --plan adds "
                + "keys, values and activations";
    }

    /// Prints the plans; false where one does not fit the device.
    boolean print(QwenConfig model, PlanTable table) {
        TrainConfig config = ConfigFile.with(Presets.config("lattice", algorithm), settings);
        MemoryPlan.Load load = load(model, config);
        long device = deviceMemory == null ? Long.MAX_VALUE : bytes(deviceMemory);
        String of = String.format("%d prompts x %d samples, %,d + %,d tokens, packed copies %s", load.prompts(),
                load.samples(), load.promptTokens(), load.responseTokens(), packed);
        MemoryPlan generate = MemoryPlan.generate(model, packed, load, threads());
        table.print("generate: " + of, generate);
        MemoryPlan train = train(model, config, packed, load);
        table.print("train: " + algorithm + ", " + of + (config.update().recomputeActivations()
                ? ", activations recomputed" : ""), train);
        if (deviceMemory == null) {
            return true;
        }
        verdict("generate", generate, device);
        verdict("train", train, device);
        if (train.totalBytes() > device) {
            advise(model, config, load, device);
        }
        return generate.totalBytes() <= device && train.totalBytes() <= device;
    }

    private static void verdict(String program, MemoryPlan plan, long device) {
        long left = device - plan.totalBytes();
        System.out.println(program + (left >= 0 ? " fits, " + PlanTable.human(left) + " left"
                : " does not fit, " + PlanTable.human(-left) + " too much"));
    }

    /// What training would take with other settings.
    private void advise(QwenConfig model, TrainConfig config, MemoryPlan.Load load, long device) {
        TrainConfig recomputed = ConfigFile.with(config, Map.of("update.recomputeActivations", "true",
                "update.microBatchMebibytes", "1"));
        option("--set update.recomputeActivations=true, one response a micro-batch",
                train(model, recomputed, packed, load), device);
        MemoryPlan least = train(model, recomputed, DType.BF16, load);
        option("that and --dtype BF16", least, device);
        if (least.totalBytes() > device) {
            System.out.println("weights, reference, gradients and moments alone take "
                    + PlanTable.human(least.residentBytes()) + ": beyond that, sample fewer or shorter "
                    + "responses at a time, or take a larger device or a smaller model");
        }
    }

    private static void option(String change, MemoryPlan plan, long device) {
        System.out.println("  with " + change + ": " + PlanTable.human(plan.totalBytes())
                + (plan.totalBytes() <= device ? ", fits" : ", does not fit"));
    }

    private MemoryPlan train(QwenConfig model, TrainConfig config, DType type, MemoryPlan.Load load) {
        return MemoryPlan.train(model, config, type, load, threads());
    }

    private MemoryPlan.Load load(QwenConfig model, TrainConfig config) {
        // The last token of a response is never fed to the model. Short models get a third for the prompt.
        int positions = model.maxPositionEmbeddings();
        int prompt = promptTokens != null ? promptTokens : Math.min(PROMPT_TOKENS, Math.ceilDiv(positions, 3));
        int response = responseTokens != null ? responseTokens : Math.min(RESPONSE_TOKENS, positions - prompt + 1);
        return new MemoryPlan.Load(config.rollout().prompts(), config.rollout().samples(), prompt, response);
    }

    private int threads() {
        return threads == null ? Backends.defaultThreads() : threads;
    }

    /// Bytes of a size such as `141GB` (decimal) or `24GiB` (binary).
    static long bytes(String size) {
        Matcher matcher = SIZE.matcher(size.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("--device-memory " + size + " must be a number and a unit, such as "
                    + "141GB or 24GiB");
        }
        String unit = matcher.group(2) == null ? "" : matcher.group(2).toUpperCase(java.util.Locale.ROOT);
        int power = unit.isEmpty() ? 0 : "KMGT".indexOf(unit.charAt(0)) + 1;
        return (long) (Double.parseDouble(matcher.group(1)) * Math.pow(unit.endsWith("I") ? 1024 : 1000, power));
    }
}
