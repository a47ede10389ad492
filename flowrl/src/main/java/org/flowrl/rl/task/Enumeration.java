package org.flowrl.rl.task;

import java.util.List;
import java.util.function.Predicate;

/// All the answers to a problem that are well-formed, few enough to score every one of them.
@FunctionalInterface
public interface Enumeration {
    /// Every well-formed answer, in a fixed order, each once, without the end-of-sequence token.
    List<String> answers(Problem problem);

    /// Sets of answers whose probability is worth reporting, in a fixed order; the same groups and ranks for every
    /// problem.
    default List<Region> regions(Problem problem) {
        return List.of();
    }

    /// A set of answers.
    ///
    /// @param group what kind of set it is, for example `peak`
    /// @param rank its number in the group, from 1
    /// @param contains true for the answers that are in it
    record Region(String group, int rank, Predicate<String> contains) {
    }
}
