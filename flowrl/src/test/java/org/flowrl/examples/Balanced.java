package org.flowrl.examples;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.transformer.text.Tokenizer;

/// A task of one's own: say as many a as b.
public record Balanced() implements Task {
    public String name() { return "balanced"; }
    public List<Problem> problems() { return List.of(new Problem("balanced-1", "<bos><sep>", "")); }
    public int maxResponseTokens() { return 7; }
    public Verifier verifier() {
        return (problem, response, finished) -> finished && !response.isEmpty()
                && 2 * response.replace("a", "").length() == response.length()
                ? new Verdict.Correct(1) : new Verdict.Wrong(0);
    }
    public Optional<Tokenizer> tokenizer() {
        return Optional.of(Tokenizer.ofAlphabet(List.of("<eos>", "<bos>", "<sep>"), List.of("a", "b")));
    }

    /// Trains on it: FlowRL with the lattice preset's settings, without its warm-up.
    ///
    /// @param arguments run folder and number of steps
    public static void main(String... arguments) {
        TrainConfig config = ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("task", "balanced",
                "warmUp.steps", "0", "steps", arguments[1]));
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun run = TrainingRun.start(backend, config, _ -> new Balanced(), Path.of(arguments[0]),
                     Balanced::print)) {
            run.run();
        }
    }

    private static void print(long step, long steps, Map<String, Double> metrics) {
        System.out.println("step " + step + " reward " + metrics.get("reward/mean"));
    }
}
