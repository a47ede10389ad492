package org.flowrl.rl.task;

import java.util.List;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.text.Tokenizer;

/// A built-in task: questions, how answers are judged, and the tiny language that both are written in.
public interface Task {
    /// The name that `--preset` takes.
    String name();

    /// One token per symbol; its end-of-sequence token ends every answer.
    Tokenizer tokenizer();

    /// The questions to train on.
    List<Problem> problems();

    /// Questions that are never trained on; may be empty.
    List<Problem> heldOutProblems();

    /// Judges answers.
    Verifier verifier();

    /// The longest answer in tokens, the end-of-sequence token included.
    int maxResponseTokens();

    /// A random answer that has the right format and says nothing about the question: what the warm-up trains on.
    String randomAnswer(Problem problem, RandomKey key);

    /// Every well-formed answer to a question, in a fixed order, each once.
    List<String> wellFormedAnswers(Problem problem);
}
