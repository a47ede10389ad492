package org.flowrl.rl.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WalledLatticeTest {
    private final WalledLattice task = new WalledLattice();
    private final List<Problem> all =
            Stream.concat(task.problems().stream(), task.heldOutProblems().stream()).toList();

    @Test
    void thereAreTenQuestionsForEachCountTwoOfThemHeldOut() {
        assertThat(task.problems()).hasSize(40);
        assertThat(task.heldOutProblems()).hasSize(10);
        assertThat(all).extracting(Problem::prompt).doesNotHaveDuplicates()
                .allMatch(prompt -> prompt.matches("<bos>[2-6][2-6]#[0-6][0-6]#[0-6][0-6]<sep>"));
        for (char rights = '2'; rights <= '6'; rights++) {
            char count = rights;
            assertThat(all.stream().filter(problem -> problem.answer().charAt(0) == count)).hasSize(10);
        }
    }

    /// The 256 strings judged one by one, against dynamic programming.
    @Test
    void theNumberOfCorrectPathsIsThatOfDynamicProgrammingAndNoQuestionHasFew() {
        assertThat(all).allSatisfy(problem -> {
            long correct = task.enumeration().orElseThrow().answers(problem).stream()
                    .filter(answer -> task.verifier().verify(problem, answer, true) instanceof Verdict.Correct).count();
            assertThat(correct).isEqualTo(WalledLattice.count(problem))
                    .isGreaterThanOrEqualTo(WalledLattice.LEAST_ANSWERS);
        });
    }

    @ParameterizedTest
    @CsvSource({
        // Two steps right, six up, past (1, 0) and (0, 3).
        "26#10#03, UURRUUUU, correct",
        "26#10#03, UURUUUUR, correct",
        "26#10#03, RUUUUUUR, wrong",
        "26#10#03, UUURUUUR, wrong",
        "26#10#03, UURRRUUU, wrong",
        "26#10#03, UURRUUU,  unparsable",
        "26#10#03, UURRUUU#, unparsable",
    })
    void aPathIsCorrectWithThePromptsCountsAndPastItsWalls(String grid, String path, String kind) {
        assertThat(task.verifier().verify(new Problem("one", "", grid), path, true).kind()).isEqualTo(kind);
        assertThat(task.verifier().verify(new Problem("one", "", grid), path, false).kind()).isEqualTo("unparsable");
    }

    /// (2, 6) without walls has C(8, 2) = 28 paths. Of those 7 pass (1, 0), and of those that pass (0, 3), C(5, 2) =
    /// 10, none does.
    @Test
    void wallsTakeThePathsThroughThem() {
        assertThat(WalledLattice.count(new Problem("one", "", "26#10#03"))).isEqualTo(28 - 7 - 10);
        assertThat(WalledLattice.count(new Problem("one", "", "26#00#03"))).isZero();
    }

    @Test
    void everySymbolIsOneToken() {
        assertThat(all).allSatisfy(problem ->
                assertThat(task.tokenizer().orElseThrow().encode(problem.prompt())).hasSize(10));
    }
}
