package org.flowrl.rl;

import java.util.Arrays;
import java.util.Set;
import java.util.function.Function;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.text.Tokenizer;

/// What a trainer asks and how it reads and judges the answers.
///
/// @param problems to train on
/// @param tokenizer of prompts and responses
/// @param endTokens ids that end a response
/// @param verifier judges responses
/// @param maxResponseTokens length limit, the end token included
/// @param promptTokens the tokens of a problem's prompt
public record Questions(Epochs<Problem> problems, Tokenizer tokenizer, Set<Integer> endTokens, Verifier verifier,
        int maxResponseTokens, Function<Problem, int[]> promptTokens) {
    /// @throws IllegalArgumentException where no token ends a response
    public Questions {
        endTokens = Set.copyOf(endTokens);
        if (endTokens.isEmpty()) {
            throw new IllegalArgumentException("questions: endTokens must have at least one id");
        }
    }

    /// The training problems of a task that has a language of its own.
    public static Questions of(Task task) {
        Tokenizer own = task.tokenizer().orElseThrow(() -> new IllegalArgumentException("questions: task "
                + task.name() + " has no tokenizer of its own; the model's must be given"));
        return of(task, own, Set.of(own.eosTokenId().orElseThrow()));
    }

    /// The training problems of a task.
    ///
    /// @param tokenizer of the model
    /// @param endTokens ids that end the model's responses
    public static Questions of(Task task, Tokenizer tokenizer, Set<Integer> endTokens) {
        return new Questions(new Epochs<>(task.problems()), tokenizer, endTokens, task.verifier(),
                task.maxResponseTokens(), problem -> task.promptTokens(problem, tokenizer));
    }

    /// The tokens of a problem's prompt.
    public int[] prompt(Problem problem) {
        return promptTokens.apply(problem);
    }

    /// The tokens of a finished response: those of its text and an end token.
    ///
    /// @throws IllegalStateException where there is not exactly one end token
    public int[] response(String text) {
        if (endTokens.size() != 1) {
            throw new IllegalStateException("questions: a text has one way to be finished where there is one end "
                    + "token, not " + endTokens);
        }
        int[] tokens = tokenizer.encode(text, false);
        int[] response = Arrays.copyOf(tokens, tokens.length + 1);
        response[tokens.length] = endTokens.iterator().next();
        return response;
    }

    /// The response that a completion is, with its verdict.
    ///
    /// @param asked the problem
    /// @param prompt its tokens
    /// @param penalty added to the reward for the response's length; 0 or less
    Response judge(Problem asked, int[] prompt, Completion completion, double penalty) {
        String text = tokenizer.decode(completion.textTokens(), false);
        return new Response(asked, completion.prompt(), completion.sample(), prompt, completion.tokens(),
                completion.logProbs(), completion.finished(), text, verdict(asked, text, completion.finished()),
                penalty);
    }

    private Verdict verdict(Problem asked, String text, boolean finished) {
        try {
            return verifier.verify(asked, text, finished);
        } catch (RuntimeException e) {
            throw new IllegalStateException("verifier: threw at problem " + asked.id() + ", response '" + text
                    + "', where it must give a Verdict: " + e, e);
        }
    }
}
