package org.flowrl.rl.eval.codeforces;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// A policy's rating, as if it had taken part in past contests, its samples being submissions one after the other. The
/// rule is that of FlowRL's released evaluation:
///
/// ```
/// score    Σ over problems of max(0, points − 50·k), k wrong submissions being made before the first right one;
///          where problems have no points, 1 each, and 10·k minutes of penalty
/// rank     how many standings come before the first that has fewer points, or as many and a larger penalty
/// rating   the largest whole r ≥ 0, below the best participant's rating + 100, with
///          1 + Σ over participants of 1 / (1 + 10^((r − R) / 400)) ≥ rank
/// ```
/// and the mean over contests. So the ratings are those before the contest, sixteen samples are sixteen submissions,
/// and an unsolved contest is a rank of the last.
///
/// @param rating the mean; empty where every contest was left out
/// @param contests ratings by contest, those left out being absent
public record CodeforcesRating(OptionalDouble rating, Map<String, Integer> contests) {
    /// Contests with no more participants are left out.
    static final int TOO_FEW_PARTICIPANTS = 200;
    private static final double POINTS_PER_WRONG_SUBMISSION = 50;
    private static final double MINUTES_PER_WRONG_SUBMISSION = 10;
    private static final double ELO_SCALE = 400;
    private static final int ABOVE_THE_BEST = 100;

    /// Keeps the contests in their order.
    public CodeforcesRating {
        contests = Collections.unmodifiableMap(new LinkedHashMap<>(contests));
    }

    /// Rates samples.
    ///
    /// @param passed for each problem's id, which of its samples pass, in their order; problems that are absent count
    ///     as unsolved
    /// @param submissions the most samples of a problem that count
    public static CodeforcesRating of(List<Contest> contests, Map<String, List<Boolean>> passed, int submissions) {
        Map<String, Integer> ratings = new LinkedHashMap<>();
        for (Contest contest : contests) {
            of(contest, passed, submissions).ifPresent(rating -> ratings.put(contest.id(), rating));
        }
        return new CodeforcesRating(ratings.values().stream().mapToInt(Integer::intValue).average(), ratings);
    }

    /// The share of users, in percent to one decimal, whose rating is below a given one.
    ///
    /// @param sortedRatings of all users, in ascending order
    public static double percentile(double rating, int[] sortedRatings) {
        long below = IntStream.of(sortedRatings).filter(other -> other < rating).count();
        return Math.round(1000.0 * below / sortedRatings.length) / 10.0;
    }

    /// One contest; empty where it had too few participants, or where standings and rating changes are not of the same
    /// participants.
    static OptionalInt of(Contest contest, Map<String, List<Boolean>> passed, int submissions) {
        int participants = contest.standings().size();
        if (participants <= TOO_FEW_PARTICIPANTS || participants != contest.oldRatings().size()) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(ratingOf(rank(contest, result(contest, passed, submissions)), contest.oldRatings()));
    }

    static Contest.Standing result(Contest contest, Map<String, List<Boolean>> passed, int submissions) {
        double points = 0;
        double penalty = 0;
        for (Contest.ContestProblem problem : contest.problems()) {
            List<Boolean> samples = passed.getOrDefault(problem.id(), List.of());
            int wrong = samples.subList(0, Math.min(submissions, samples.size())).indexOf(true);
            if (wrong >= 0 && problem.points().isPresent()) {
                points += Math.max(0, problem.points().getAsDouble() - POINTS_PER_WRONG_SUBMISSION * wrong);
            } else if (wrong >= 0) {
                points++;
                penalty += MINUTES_PER_WRONG_SUBMISSION * wrong;
            }
        }
        return new Contest.Standing(points, penalty);
    }

    static int rank(Contest contest, Contest.Standing result) {
        List<Contest.Standing> standings = contest.standings();
        return IntStream.range(0, standings.size())
                .filter(i -> standings.get(i).points() < result.points() || standings.get(i).points() == result.points()
                        && standings.get(i).penalty() > result.penalty())
                .findFirst().orElse(standings.size());
    }

    private static int ratingOf(int rank, List<Integer> ratings) {
        int enough = 0;
        int tooMuch = ratings.stream().mapToInt(Integer::intValue).max().orElseThrow() + ABOVE_THE_BEST;
        while (tooMuch - enough > 1) {
            int middle = (enough + tooMuch) / 2;
            if (expectedRank(middle, ratings) < rank) {
                tooMuch = middle;
            } else {
                enough = middle;
            }
        }
        return enough;
    }

    /// One, and for each participant the probability that they come before somebody of this rating.
    private static double expectedRank(int rating, List<Integer> ratings) {
        return 1 + ratings.stream().mapToDouble(other -> 1 / (1 + Math.pow(10, (rating - other) / ELO_SCALE))).sum();
    }
}
