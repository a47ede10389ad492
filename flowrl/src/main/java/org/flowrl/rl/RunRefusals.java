package org.flowrl.rl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.rl.task.Task;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.transformer.text.Tokenizer;
import org.flowrl.transformer.text.TokenizerException;

/// What is refused of a run before it computes or writes anything.
final class RunRefusals {
    private RunRefusals() {
    }

    /// Refuses a folder that holds something, or that cannot be made.
    static void requireVacant(Path folder) {
        if (!Files.exists(folder)) {
            Path there = folder.toAbsolutePath();
            while (!Files.exists(there)) {
                there = there.getParent();
            }
            if (!Files.isDirectory(there) || !Files.isWritable(there)) {
                throw new IllegalArgumentException("train: " + folder + " cannot be made: " + there + " is "
                        + (Files.isDirectory(there) ? "not writable" : "a file"));
            }
            return;
        }
        try (var entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw new IllegalArgumentException("train: " + folder + " is not empty; " + (Checkpoint.latest(folder)
                        .isPresent() ? "--resume continues its run" : "it has no checkpoint to resume from: remove it "
                        + "or name another folder"));
            }
        } catch (IOException e) {
            throw IoFault.reading(folder, e);
        }
    }

    /// Refuses prompts that cannot be told to the model: those of a data file to a model of a built-in task, say.
    ///
    /// @param model folder of the model, where one is given
    static void requireSpelling(Task task, Tokenizer tokenizer, Optional<Path> model) {
        Stream.concat(task.problems().stream(), task.heldOutProblems().stream()).forEach(problem -> {
            try {
                task.promptTokens(problem, tokenizer);
            } catch (TokenizerException e) {
                String speaker = model.map(path -> path + ", whose tokenizer has ").orElse("a tokenizer of ");
                throw new IllegalArgumentException("train: task " + task.name() + ", problem " + problem.id()
                        + ": cannot be told to " + speaker + tokenizer.vocabularySize() + " tokens: " + e.getMessage()
                        + "; --model must name a model that speaks the language of the problems", e);
            }
        });
    }
}
