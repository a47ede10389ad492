package org.flowrl.rl.task;

import org.flowrl.tensor.RandomKey;

/// Random answers that have the right format and say nothing about the question: what a warm-up trains on.
@FunctionalInterface
public interface RandomAnswers {
    /// An answer to `problem`, without the end-of-sequence token; a function of its arguments alone.
    String answer(Problem problem, RandomKey key);
}
