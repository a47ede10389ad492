package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.flowrl.rl.eval.GradedAnswer;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerFileTest {
    @TempDir
    private Path folder;

    @Test
    void answersAreLinesAndNothingFollowsTheEnd() {
        Path path = folder.resolve("new/answers.jsonl");
        AnswerFile file = new AnswerFile(path);
        file.write(List.of(answer("a", 0, Optional.of("2"), new Verdict.Correct(1)),
                answer("a", 1, Optional.empty(), new Verdict.Unparsable(0, "no answer"))));
        file.close();
        assertThatThrownBy(() -> file.write(List.of(answer("b", 0, Optional.of("3"), new Verdict.Wrong(0)))))
                .isInstanceOf(CancellationException.class).hasMessage(path + " has ended");
        assertThat(file.problems()).isOne();
        file.close();
        assertThat(path).hasContent("""
                {"id":"a","sample":0,"gold":"2","response":"It is…","answer":"2","tokens":5,"finished":true,\
                "verdict":"correct","score":1.0}
                {"id":"a","sample":1,"gold":"2","response":"It is…","tokens":5,"finished":true,\
                "verdict":"unparsable","score":0.0,"reason":"no answer"}
                """);
        assertThatThrownBy(() -> new AnswerFile(path)).isInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot write " + path + ": it exists");
    }

    @Test
    void whereNothingWasAnsweredThereIsNoFile() {
        Path path = folder.resolve("answers.jsonl");
        new AnswerFile(path).close();
        assertThat(path).doesNotExist();
    }

    private static GradedAnswer answer(String id, int sample, Optional<String> answer, Verdict verdict) {
        return new GradedAnswer(new Problem(id, "1 + 1?", "2"), sample, "It is…", 5, true, answer, verdict);
    }
}
