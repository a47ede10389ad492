package org.flowrl.rl.task;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.flowrl.transformer.text.Tokenizer;

/// What a policy is trained to do: questions and how answers are judged. Four methods make a task; the others say what
/// more is known of it, and what they enable is left out where they say nothing.
///
/// ```java
/// record Doubling() implements Task {
///     public String name() { return "doubling"; }
///     public List<Problem> problems() { return List.of(new Problem("double-4", "2 * 4 = ", "8")); }
///     public Verifier verifier() {
///         return (problem, response, finished) -> response.strip().equals(problem.answer())
///                 ? new Verdict.Correct(1) : new Verdict.Wrong(0);
///     }
///     public int maxResponseTokens() { return 8; }
/// }
/// ```
public interface Task extends AutoCloseable {
    /// The name that logs and run folders show, and that `--preset` takes where the task is built in.
    String name();

    /// The questions to train on; at least one, always the same ones in the same order.
    List<Problem> problems();

    /// Questions that are never trained on: evaluations measure them under `held_out/…`.
    default List<Problem> heldOutProblems() {
        return List.of();
    }

    /// Judges answers.
    Verifier verifier();

    /// The tokens of a problem's prompt.
    ///
    /// @param tokenizer of the model
    default int[] promptTokens(Problem problem, Tokenizer tokenizer) {
        return tokenizer.encode(problem.prompt());
    }

    /// What a log should say of the task once, a line each: where its problems came from, what was left out.
    default List<String> notes() {
        return List.of();
    }

    /// The longest answer in tokens, the end-of-sequence token included.
    int maxResponseTokens();

    /// The tiny language that prompts and answers are written in, one token a symbol, its end-of-sequence token ending
    /// every answer: a new model is made for it, and a model folder must have the same vocabulary. Empty where prompts
    /// are text for any tokenizer: then there must be a model folder, and its own is used.
    default Optional<Tokenizer> tokenizer() {
        return Optional.empty();
    }

    /// Random answers of the right format, on which a new model is warmed up before the first rollout.
    default Optional<RandomAnswers> randomAnswers() {
        return Optional.empty();
    }

    /// All the answers that there are, where they can be listed: evaluations are then exact instead of sampled.
    default Optional<Enumeration> enumeration() {
        return Optional.empty();
    }

    /// How many different correct solutions ({@link Verdict.Correct#solution}) a problem has, where that is known: the
    /// whole that sampled coverage is a share of.
    default OptionalInt solutions(Problem problem) {
        return OptionalInt.empty();
    }

    /// Frees what the verifier holds, such as a sandbox.
    @Override
    default void close() {
    }
}
