package org.flowrl.examples;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.data.DataSet;
import org.flowrl.rl.report.RunFolder;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;
import org.flowrl.transformer.text.Tokenizer;

/// Problems of one's own file, such as `{"question": "1+2=", "answer": "3"}` a line, and a reward of one's own: a model
/// folder's adapters are trained by GRPO, then the newest checkpoint answers.
public record Sums(List<Problem> problems) implements Task {
    public String name() { return "sums"; }
    public int maxResponseTokens() { return 4; }
    public Verifier verifier() {
        return (problem, response, _) -> {
            try {
                int miss = Math.abs(Integer.parseInt(response.strip()) - Integer.parseInt(problem.answer()));
                return miss == 0 ? new Verdict.Correct(1) : new Verdict.Wrong(1.0 / (2 + miss));
            } catch (NumberFormatException e) {
                return new Verdict.Unparsable(0, "no number");
            }
        };
    }

    /// @param arguments model folder, file of problems, run folder and number of steps
    public static void main(String... arguments) {
        Path folder = Path.of(arguments[2]);
        TrainConfig config = ConfigFile.with(Presets.config("countdown-text", "grpo"), Map.of("task", "sums",
                "model", arguments[0], "steps", arguments[3], "lora.rank", "4", "rollout.prompts", "4",
                "update.optimizer.learningRate", "1e-3"));
        Task task = new Sums(DataSet.read(Path.of(arguments[1])).problems());
        try (Backend backend = Backends.open("cpu", 1).backend()) {
            try (TrainingRun run = TrainingRun.start(backend, config, _ -> task, folder, (_, _, _) -> { })) {
                System.out.println("accuracy: " + run.run().metrics().get("evaluation/accuracy"));
            }
            System.out.println("reward by step: " + RunFolder.read(folder).course("reward/mean"));
            sample(backend, folder.resolve("checkpoints/step-" + arguments[3]), task.problems().getFirst().prompt());
        }
    }

    private static void sample(Backend backend, Path model, String prompt) {
        try (Scope scope = Scope.root("sampling", backend.memory())) {
            ModelDirectory folder = ModelDirectory.open(model);
            Tokenizer tokenizer = folder.tokenizer();
            Qwen qwen = folder.loadFrozen(new ParameterStore(backend, scope, DType.F32), false);
            for (Completion answer : new Generator(qwen, backend, scope).generate(List.of(tokenizer.encode(prompt)), 2,
                    SamplingLaw.ofTemperature(1), 4, Set.copyOf(folder.config().eosTokenIds()), RandomKey.of(7))) {
                System.out.println(prompt + tokenizer.decode(answer.textTokens()) + " with log-probabilities "
                        + Arrays.toString(answer.logProbs()));
            }
        }
    }
}
