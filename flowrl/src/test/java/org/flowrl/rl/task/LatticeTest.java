package org.flowrl.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LatticeTest {
    private final Lattice lattice = new Lattice(Lattice.DEFAULT_LENGTH);

    @Test
    void thereIsAProblemForEveryNumberOfStepsToTheRight() {
        assertThat(lattice.problems()).extracting(Problem::prompt).containsExactly("<bos>26<sep>", "<bos>35<sep>",
                "<bos>44<sep>", "<bos>53<sep>", "<bos>62<sep>");
        assertThat(lattice.problems()).extracting(Problem::id).doesNotHaveDuplicates().startsWith("lattice-2-6");
        assertThat(lattice.heldOutProblems()).isEmpty();
    }

    /// Binomials of 8 and 12.
    @ParameterizedTest
    @CsvSource({"8, 28 56 70 56 28", "12, 66 220 495 792 924 792 495 220 66"})
    void aProblemHasAsManyCorrectAnswersAsThereAreOrders(int length, String binomials) {
        Lattice task = new Lattice(length);
        List<String> counts = task.problems().stream().map(problem -> Long.toString(
                answers(task, problem).stream().filter(answer -> isCorrect(task, problem, answer)).count()))
                .toList();

        assertThat(counts).containsExactly(binomials.split(" "));
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8, 12})
    void wellFormedAnswersAreAllStringsOfTheTwoSymbolsInOrder(int length) {
        List<String> answers = answers(new Lattice(length), new Lattice(length).problems().getFirst());

        assertThat(answers).hasSize(1 << length).doesNotHaveDuplicates().isSorted()
                .allMatch(answer -> answer.matches("[RU]{" + length + "}"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        "RRRUUUUU | true  | correct    | 1 | -",
        "URUURUUR | true  | correct    | 1 | -",
        "RRUUUUUU | true  | wrong      | 0 | -",
        "RRRRRRRR | true  | wrong      | 0 | -",
        "RRRUUUUU | false | unparsable | 0 | not finished after 9 tokens",
        "RRRUUUU  | true  | unparsable | 0 | 7 characters, not 8",
        "RRRUUUUUU | true | unparsable | 0 | 9 characters, not 8",
        "''       | true  | unparsable | 0 | 0 characters, not 8",
        "RRR3UUUU | true  | unparsable | 0 | 'character 3 is ''3'', not R or U'",
        "rrruuuuu | true  | unparsable | 0 | 'character 0 is ''r'', not R or U'",
        "RRR<eos> | true  | unparsable | 0 | 'character 3 is ''<'', not R or U'",
    })
    void anAnswerIsCorrectWithExactlyTheCountsOfThePrompt(String answer, boolean finished, String kind, double reward,
            String reason) {
        Verdict verdict = lattice.verifier().verify(lattice.problems().get(1), answer, finished);

        assertThat(verdict.kind()).isEqualTo(kind);
        assertThat(verdict.reward()).isEqualTo(reward);
        assertThat(verdict instanceof Verdict.Unparsable unparsable ? unparsable.reason() : null).isEqualTo(reason);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8, 16})
    void everySymbolIsOneTokenAndPromptsEndInTheSeparator(int length) {
        Lattice task = new Lattice(length);
        int separator = task.tokenizer().orElseThrow().id("<sep>").orElseThrow();
        for (Problem problem : task.problems()) {
            int[] prompt = task.tokenizer().orElseThrow().encode(problem.prompt());
            assertThat(prompt).hasSize(4).endsWith(separator)
                    .startsWith(task.tokenizer().orElseThrow().bosTokenId().orElseThrow());
            assertThat(task.tokenizer().orElseThrow().decode(prompt)).isEqualTo(problem.prompt());
        }
        String answer = answers(task, task.problems().getFirst()).get(1);
        assertThat(task.tokenizer().orElseThrow().encode(answer)).hasSize(length);
        assertThat(task.tokenizer().orElseThrow().encode(answer + "<eos>")).hasSize(task.maxResponseTokens())
                .endsWith(task.tokenizer().orElseThrow().eosTokenId().orElseThrow());
        // Specials, the counts 2 … L−2, and two symbols.
        assertThat(task.tokenizer().orElseThrow().vocabSize()).isEqualTo(3 + length - 3 + 2);
    }

    @Test
    void randomAnswersAreFairCoinsThatDependOnTheKeyAlone() {
        Problem first = lattice.problems().getFirst();
        RandomAnswers random = lattice.randomAnswers().orElseThrow();
        List<String> answers = IntStream.range(0, 2000)
                .mapToObj(i -> random.answer(first, RandomKey.of(1).fold(i))).toList();
        long rights = answers.stream().flatMapToInt(String::chars).filter(c -> c == 'R').count();
        Set<String> distinct = answers.stream().collect(Collectors.toSet());

        assertThat(answers).allMatch(answer -> answer.matches("[RU]{8}"));
        // 16,000 coins: standard deviation 63. Of 256 strings, each missed with probability (255/256)^2000 = 4e-4.
        assertThat(rights).isBetween(7750L, 8250L);
        assertThat(distinct).hasSizeGreaterThan(250);
        assertThat(random.answer(lattice.problems().getLast(), RandomKey.of(1).fold(0)))
                .isEqualTo(answers.getFirst());
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 17})
    void otherLengthsAreRefused(int length) {
        assertThatThrownBy(() -> new Lattice(length)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("lattice: length " + length + " must be in 4 … 16");
    }

    private static List<String> answers(Task task, Problem problem) {
        return task.enumeration().orElseThrow().answers(problem);
    }

    private static boolean isCorrect(Lattice task, Problem problem, String answer) {
        return task.verifier().verify(problem, answer, true) instanceof Verdict.Correct;
    }
}
