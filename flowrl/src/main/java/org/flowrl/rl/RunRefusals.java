package org.flowrl.rl;

import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.tensor.io.Destination;
import org.flowrl.transformer.text.Tokenizer;
import org.flowrl.transformer.text.TokenizerException;

/// What is refused of a run before it computes or writes anything.
final class RunRefusals {
    private RunRefusals() {
    }

    /// Refuses a folder that a run is writing, that holds something, or that cannot be made.
    static void requireVacant(Path folder) {
        RunLock.requireFree("train", folder);
        if (Destination.isOccupied(folder)) {
            throw new IllegalArgumentException("train: " + folder + " is not empty; " + (Checkpoint.latest(folder)
                    .isPresent() ? "--resume continues its run" : "it has no checkpoint to resume from: remove it "
                    + "or name another folder"));
        }
        Destination.requireFolder("train:", folder);
    }

    /// Refuses prompts that cannot be told to the model: those of a data file to a model of a built-in task, say.
    ///
    /// @param model folder of the model, where one is given
    static void requireSpelling(Task task, Tokenizer tokenizer, Optional<Path> model) {
        // On all processors: a hundred thousand prompts take a while. The first of the file's order is named.
        Stream.concat(task.problems().stream(), task.heldOutProblems().stream()).parallel()
                .flatMap(problem -> unspelled(task, problem, tokenizer, model).stream()).findFirst()
                .ifPresent(refusal -> {
                    throw refusal;
                });
    }

    private static Optional<IllegalArgumentException> unspelled(Task task, Problem problem, Tokenizer tokenizer,
            Optional<Path> model) {
        try {
            task.promptTokens(problem, tokenizer);
            return Optional.empty();
        } catch (TokenizerException e) {
            String speaker = model.map(path -> path + ", whose tokenizer has ").orElse("a tokenizer of ");
            return Optional.of(new IllegalArgumentException("train: task " + task.name() + ", problem " + problem.id()
                    + ": cannot be told to " + speaker + tokenizer.vocabSize() + " tokens: " + e.getMessage()
                    + "; --model must name a model that speaks the language of the problems", e));
        }
    }
}
