package org.flowrl.cli;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.MemoryPlan;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.objective.Algorithms;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.transformer.Lora;
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

    @Option(names = "--plan", description = "Show how much memory programs take, part by part. Needs config.json "
            + "alone; PATH may be that file.")
    private boolean isWanted;

    @Option(names = "--program", paramLabel = "NAME", description = "With --plan: generate, train or sft. Repeatable "
            + "(default: generate and train).")
    private List<String> programs = List.of("generate", "train");

    @Option(names = "--algo", defaultValue = "flowrl", paramLabel = "NAME",
            description = "With --plan: algorithm, as train --help lists them (default: flowrl).")
    private String algorithm;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "With --plan: a key of train's configuration, "
            + "such as rollout.samples=8 or update.microBatchMebibytes=4096, or how a card is used. "
            + "Repeatable." + CardSettings.KEYS)
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(names = "--prompt-tokens", paramLabel = "N",
            description = "With --plan: longest prompt (default: 512, or what the positions leave).")
    private Integer promptTokens;

    @Option(names = "--response-tokens", paramLabel = "N",
            description = "With --plan: longest response (default: 512, or what the positions leave).")
    private Integer responseTokens;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "With --plan: type of the weights' packed copies, "
            + "F32 or BF16; of train it is the key weights, of generate --dtype (default: F32).")
    private DType packed;

    @Option(names = "--device", defaultValue = "cpu", paramLabel = "NAME", description = "With --plan: cpu or cuda, "
            + "which hold weights in different ways (default: cpu).")
    private String device;

    @Option(names = "--threads", paramLabel = "N", description = "With --plan: CPU threads (default: all).")
    private Integer threads;

    @Option(names = "--device-memory", paramLabel = "SIZE", description = "With --plan: memory of the device, such as "
            + "141GB or 24GiB; fails where a plan does not fit, and says what to change.")
    private String deviceMemory;

    boolean isWanted() {
        return isWanted;
    }

    /// Refuses names that nothing has, and makes the settings of a card hold from here on.
    void take() {
        CardSettings.take(settings);
        Algorithms.algorithm(algorithm);
        machine();
        if (deviceMemory != null) {
            bytes(deviceMemory);
        }
    }

    /// One line on what stays in memory, whatever is sampled.
    static String summary(QwenConfig model) {
        MemoryPlan.Machine one = MemoryPlan.Machine.cpu(1);
        MemoryPlan generate = MemoryPlan.generate(model, Lora.NONE, DType.F32, LEAST, one);
        MemoryPlan train = MemoryPlan.train(model, Presets.config("lattice", "flowrl"), LEAST, one);
        return "memory: " + PlanTable.human(generate.residentBytes()) + " of weights to generate, "
                + PlanTable.human(train.residentBytes()) + " of weights, gradients and moments to train; --plan adds "
                + "keys, values and activations";
    }

    /// Prints the plans, once all have been made; false where one does not fit the device.
    ///
    /// @param what is planned for, the first line
    /// @param adapters that the model has: generate samples with them, train trains such ones unless `--set` says
    ///     otherwise
    boolean print(String what, QwenConfig model, Lora adapters, PrintStream out) {
        Map<String, String> all = new LinkedHashMap<>();
        if (adapters.isOn()) {
            all.put("lora.rank", Integer.toString(adapters.rank()));
            all.put("lora.alpha", Double.toString(adapters.alpha()));
            all.put("lora.targets", String.join(",", adapters.targets()));
        }
        all.putAll(settings);
        if (packed != null) {
            all.put("weights", packed.toString());
        }
        TrainConfig config = ConfigFile.with(Presets.config("lattice", algorithm), all);
        MemoryPlan.Load load = load(model, config);
        MemoryPlan.Machine machine = machine();
        List<Program> planned = programs.stream().map(name -> program(name, model, adapters, load, machine)).toList();
        Map<Program, MemoryPlan> plans = new LinkedHashMap<>();
        planned.forEach(program -> plans.put(program, program.plan.apply(config)));
        out.println(what);
        PlanTable table = new PlanTable(out);
        plans.forEach((program, plan) -> table.print(program.title.apply(config), plan));
        boolean fits = true;
        if (deviceMemory != null) {
            long available = bytes(deviceMemory);
            for (Program program : planned) {
                fits &= new PlanAdvice(program.name, available, program.changes, program.plan).print(config,
                        plans.get(program), out);
            }
        }
        return fits;
    }

    /// A program that can be planned.
    ///
    /// @param title what is planned, of a configuration
    /// @param changes that its memory depends on, see {@link PlanAdvice}
    private record Program(String name, Function<TrainConfig, String> title, List<PlanAdvice.Change> changes,
            Function<TrainConfig, MemoryPlan> plan) {
    }

    private Program program(String name, QwenConfig model, Lora adapters, MemoryPlan.Load load,
            MemoryPlan.Machine machine) {
        String on = machine.card().isPresent() ? ", on a CUDA card" : ", on " + machine.threads() + " CPU threads";
        String tokens = String.format(Locale.ROOT, "%,d + %,d tokens", load.promptTokens(), load.responseTokens());
        String samples = load.prompts() + " prompts x " + load.samples() + " samples, " + tokens + ", weights ";
        return switch (name) {
            case "generate" -> new Program(name, config -> "generate: " + samples + config.weights() + on
                    + (adapters.isOn() ? ", lora " + adapters : ""), PlanAdvice.GENERATE,
                    config -> MemoryPlan.generate(model, adapters, config.weights(), load, machine));
            case "train" -> new Program(name, config -> "train: " + algorithm + ", " + samples + config.weights() + on
                    + (config.lora().isOn() ? ", lora " + config.lora() : "")
                    + (config.update().recomputeActivations() ? ", activations recomputed" : ""), PlanAdvice.TRAIN,
                    config -> MemoryPlan.train(model, config, load, machine));
            case "sft" -> new Program(name, _ -> "sft: " + SftCommand.BATCH + " examples of " + tokens
                    + ", weights F32" + on, PlanAdvice.SFT, config -> MemoryPlan.sft(model,
                            config.update().optimizer().adam(), new MemoryPlan.Load(SftCommand.BATCH, 1,
                                    load.promptTokens(), load.responseTokens()), SftCommand.MICRO_BATCH_MEBIBYTES,
                            machine));
            default -> throw new IllegalArgumentException("--program " + name + " must be generate, train or sft");
        };
    }

    private MemoryPlan.Load load(QwenConfig model, TrainConfig config) {
        // The last token of a response is never fed to the model. Short models get a third for the prompt.
        int positions = model.maxPositionEmbeddings();
        int prompt = promptTokens != null ? promptTokens : Math.min(PROMPT_TOKENS, Math.ceilDiv(positions, 3));
        int response = responseTokens != null ? responseTokens : Math.min(RESPONSE_TOKENS, positions - prompt + 1);
        return new MemoryPlan.Load(config.rollout().prompts(), config.rollout().samples(), prompt, response);
    }

    private MemoryPlan.Machine machine() {
        return switch (device) {
            case "cuda" -> MemoryPlan.Machine.card(CardSettings.planned());
            case "cpu" -> MemoryPlan.Machine.cpu(threads == null ? Backends.defaultThreads() : threads);
            default -> throw new IllegalArgumentException("--device " + device + " must be cpu or cuda");
        };
    }

    /// Bytes of a size such as `141GB` (decimal) or `24GiB` (binary).
    static long bytes(String size) {
        Matcher matcher = SIZE.matcher(size.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("--device-memory " + size + " must be a number and a unit, such as "
                    + "141GB or 24GiB");
        }
        String unit = matcher.group(2) == null ? "" : matcher.group(2).toUpperCase(Locale.ROOT);
        int power = unit.isEmpty() ? 0 : "KMGT".indexOf(unit.charAt(0)) + 1;
        return (long) (Double.parseDouble(matcher.group(1)) * Math.pow(unit.endsWith("I") ? 1024 : 1000, power));
    }
}
