package org.flowrl.rl.eval.codeforces;

import java.util.List;
import java.util.OptionalDouble;

/// A rated contest.
///
/// @param id the site's number
/// @param standings of official participants whose rating changed, best first
/// @param oldRatings of participants before the contest, in any order
public record Contest(String id, List<ContestProblem> problems, List<Standing> standings, List<Integer> oldRatings) {
    /// @param id contest and index, `1870A`
    /// @param points for solving it at once; empty where each problem counts as one
    public record ContestProblem(String id, OptionalDouble points) {
    }

    /// A participant's result.
    ///
    /// @param penalty in minutes; decides between equal points, less being better
    public record Standing(double points, double penalty) {
    }

    /// Takes copies of the lists.
    public Contest {
        problems = List.copyOf(problems);
        standings = List.copyOf(standings);
        oldRatings = List.copyOf(oldRatings);
    }
}
