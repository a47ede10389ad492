package org.flowrl.rl.eval.codeforces;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Made-up contests whose ratings have a closed form: where all n participants have the rating R, the expected rank of
/// r is 1 + n / (1 + 10^((r − R)/400)), so it is at least k as long as r ≤ R + 400·log10(n/(k − 1) − 1).
class CodeforcesRatingTest {
    private static final int PARTICIPANTS = 201;
    private static final int RATING = 1500;

    /// Participant i of 201 has 2500 − 10·i points, and all have one rating.
    private static Contest contest(String id, Double... points) {
        return new Contest(id, IntStream.range(0, points.length).mapToObj(i -> new Contest.ContestProblem(
                id + (char) ('A' + i), points[i] == null ? OptionalDouble.empty() : OptionalDouble.of(points[i])))
                .toList(), IntStream.range(0, PARTICIPANTS).mapToObj(i -> new Contest.Standing(2500 - 10 * i, 0))
                .toList(), Collections.nCopies(PARTICIPANTS, RATING));
    }

    /// Passes after so many wrong samples; -1 never does.
    private static List<Boolean> after(int wrong) {
        return IntStream.range(0, 16).mapToObj(i -> i == wrong).toList();
    }

    @ParameterizedTest(name = "A after {0}, B after {1} of {2}: {3} points, rank {4}, rating {5}")
    @CsvSource({
            // 500 + 1000. Fewer has the participant with 1490, i = 101. 201/100 − 1 = 1.01, 400·log10 = 1.73
            "0, 0, 16, 1500, 101, 1501",
            // 500 − 100 + 1000 − 50 = 1350: i = 116. 201/115 − 1 = 0.7478, 400·log10 = −50.48
            "2, 1, 16, 1350, 116, 1449",
            // 500 − 50·12 < 0: nothing for A, 1000 for B: i = 151. 201/150 − 1 = 0.34, 400·log10 = −187.41
            "12, 0, 16, 1000, 151, 1312",
            // A comes too late for twelve submissions. Nobody has fewer points: n. 201/200 − 1 = 0.005, −920.41
            "12, -1, 12, 0, 201, 579",
            "-1, -1, 16, 0, 201, 579",
    })
    void aContestWithPoints(int wrongA, int wrongB, int submissions, double points, int rank, int rating) {
        Contest contest = contest("1", 500.0, 1000.0);
        Map<String, List<Boolean>> passed = Map.of("1A", after(wrongA), "1B", after(wrongB));
        Contest.Standing result = CodeforcesRating.result(contest, passed, submissions);
        assertThat(result).isEqualTo(new Contest.Standing(points, 0));
        assertThat(CodeforcesRating.rank(contest, result)).isEqualTo(rank);
        assertThat(CodeforcesRating.of(contest, passed, submissions)).isEqualTo(OptionalInt.of(rating));
    }

    @Test
    void aWinnerIsAHundredAboveTheBestAtMost() {
        // Rank 0 is below every expected rank; the search ends one below its upper end of 1500 + 100.
        assertThat(CodeforcesRating.of(contest("1", 5000.0), Map.of("1A", after(0)), 16))
                .isEqualTo(OptionalInt.of(1599));
    }

    @Test
    void whereProblemsCountAsOneThePenaltyDecides() {
        List<Contest.Standing> standings = IntStream.range(0, PARTICIPANTS)
                .mapToObj(i -> new Contest.Standing(2, i)).toList();
        Contest contest = new Contest("1", contest("1", null, null).problems(), standings,
                Collections.nCopies(PARTICIPANTS, RATING));
        // 2 problems after 3 and 4 wrong submissions: 70 minutes. The first with more is i = 71.
        Contest.Standing result = CodeforcesRating.result(contest, Map.of("1A", after(3), "1B", after(4)), 16);
        assertThat(result).isEqualTo(new Contest.Standing(2, 70));
        assertThat(CodeforcesRating.rank(contest, result)).isEqualTo(71);
    }

    @Test
    void theRatingIsTheMeanOverContestsThatCount() {
        Contest small = new Contest("3", List.of(), Collections.nCopies(200, new Contest.Standing(0, 0)),
                Collections.nCopies(200, RATING));
        Contest other = new Contest("4", List.of(), Collections.nCopies(300, new Contest.Standing(0, 0)),
                Collections.nCopies(299, RATING));
        CodeforcesRating rating = CodeforcesRating.of(List.of(contest("1", 1500.0), contest("2", 1000.0), small, other),
                Map.of("1A", after(0), "2A", after(0)), 16);
        assertThat(rating.contests()).containsExactly(Map.entry("1", 1501), Map.entry("2", 1312));
        assertThat(rating.rating()).hasValue(1406.5);
        assertThat(CodeforcesRating.of(List.of(small), Map.of(), 16).rating()).isEmpty();
    }

    /// The definition instead of the search: the largest r for which the condition holds, over mixed ratings.
    @Test
    void theRatingIsTheLargestThatTheRankAllows() {
        Random random = new Random(7);
        List<Integer> ratings = IntStream.range(0, 400).mapToObj(_ -> 800 + random.nextInt(2000)).toList();
        Contest contest = new Contest("1", contest("1", 700.0).problems(), IntStream.range(0, 400)
                .mapToObj(i -> new Contest.Standing(1000 - 5 * i, 0)).toList(), ratings);
        int rank = 61; // 700 points; the first with fewer is 1000 − 5·61
        int largest = IntStream.range(0, 2900).filter(r -> 1 + ratings.stream()
                .mapToDouble(other -> 1 / (1 + Math.pow(10, (r - other) / 400.0))).sum() >= rank).max().orElseThrow();
        assertThat(CodeforcesRating.of(contest, Map.of("1A", after(0)), 16)).isEqualTo(OptionalInt.of(largest));
    }

    @ParameterizedTest
    @CsvSource({"1000, 25.0", "1000.5, 50.0", "-100, 0.0", "5000, 100.0", "2500, 75.0"})
    void thePercentileCountsWhatIsBelow(double rating, double percentile) {
        assertThat(CodeforcesRating.percentile(rating, new int[] {-53, 1000, 2000, 3601})).isEqualTo(percentile);
    }

    @Test
    void thePercentileHasOneDecimal() {
        // 1 of 3 is 33.33…
        assertThat(CodeforcesRating.percentile(5, new int[] {1, 9, 9})).isEqualTo(33.3);
    }

    @Test
    void contestsAreReadFromStoredAnswersOfTheApi(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("7.standings.json"), """
                {"status": "OK", "result": {"contest": {"id": 7, "name": "Made up"},
                 "problems": [{"contestId": 7, "index": "A", "points": 500.0}, {"contestId": 7, "index": "B1"}],
                 "rows": [{"party": {"members": [{"handle": "ada"}]}, "rank": 1, "points": 500.0, "penalty": 3},
                          {"party": {"members": [{"handle": "unrated"}]}, "rank": 2, "points": 400.0, "penalty": 0},
                          {"party": {"members": [{"handle": "bob"}]}, "rank": 3, "points": 300.0, "penalty": 0}]}}
                """);
        Files.writeString(folder.resolve("7.ratingChanges.json"), """
                {"status": "OK", "result": [{"handle": "bob", "oldRating": 1400, "newRating": 1390},
                                            {"handle": "ada", "oldRating": 1600, "newRating": 1650}]}
                """);
        assertThat(ContestFiles.read(folder)).containsExactly(new Contest("7",
                List.of(new Contest.ContestProblem("7A", OptionalDouble.of(500)),
                        new Contest.ContestProblem("7B1", OptionalDouble.empty())),
                List.of(new Contest.Standing(500, 3), new Contest.Standing(300, 0)), List.of(1400, 1600)));
    }

    @Test
    void aContestFileThatIsWrongIsNamed(@TempDir Path folder) throws IOException {
        assertThatIllegalArgumentException().isThrownBy(() -> ContestFiles.read(folder))
                .withMessageContaining("no file *.standings.json");
        Path standings = folder.resolve("7.standings.json");
        Path changes = folder.resolve("7.ratingChanges.json");
        Files.writeString(standings, "{\"status\": \"FAILED\"}");
        assertThatIllegalArgumentException().isThrownBy(() -> ContestFiles.read(folder))
                .withMessageContaining("7.standings.json is not an answer of the API with status OK");
        Files.writeString(standings, "{\"status\": \"OK\", \"result\": {\"rows\": []}}");
        Files.writeString(changes, "{\"status\": \"OK\", \"result\": []}");
        assertThatIllegalArgumentException().isThrownBy(() -> ContestFiles.read(folder))
                .withMessageContaining("lacks the field problems");
        Files.writeString(changes, "{\"status\": ");
        assertThatIllegalArgumentException().isThrownBy(() -> ContestFiles.read(folder))
                .withMessageContaining("7.ratingChanges.json, line 1, column");
    }

    @Test
    void ratingsAreAnArrayOfNumbers(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("ratings.json"), "[1520, 733, -53]");
        assertThat(ContestFiles.ratings(file)).containsExactly(-53, 733, 1520);
        Files.writeString(file, "[1520, \"733\"]");
        assertThatIllegalArgumentException().isThrownBy(() -> ContestFiles.ratings(file))
                .withMessageContaining("\"733\" at position 1");
    }
}
