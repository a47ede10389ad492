package org.flowrl.rl;

import java.util.Arrays;
import java.util.Set;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verifier;
import org.flowrl.transformer.text.Tokenizer;

/// What a trainer asks and how it reads and judges the answers.
///
/// @param problems to train on
/// @param tokenizer of prompts and responses
/// @param endTokens ids that end a response
/// @param verifier judges responses
/// @param maxResponseTokens length limit, the end token included
public record Questions(Epochs<Problem> problems, Tokenizer tokenizer, Set<Integer> endTokens, Verifier verifier,
        int maxResponseTokens) {
    public Questions {
        endTokens = Set.copyOf(endTokens);
    }

    /// The training problems of a built-in task.
    public static Questions of(Task task) {
        return new Questions(new Epochs<>(task.problems()), task.tokenizer(), Set.of(task.tokenizer().eosTokenId().orElseThrow()),
                task.verifier(), task.maxResponseTokens());
    }

    /// The text of a response's tokens, without the end token of a finished one.
    public String text(int[] tokens, boolean finished) {
        int length = finished ? tokens.length - 1 : tokens.length;
        return tokenizer.decode(Arrays.copyOf(tokens, length), false);
    }
}
