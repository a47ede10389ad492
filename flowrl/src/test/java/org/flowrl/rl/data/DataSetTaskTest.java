package org.flowrl.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.flowrl.rl.grade.ProgramOptions;
import org.flowrl.rl.grade.code.UnconfinedException;
import org.flowrl.rl.task.Verdict;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataSetTaskTest {
    @TempDir
    private Path folder;

    /// The program passes where it can read the file, and nowhere else: what training allows is what the cell allows.
    @Test
    void programsMayReadWhatTrainingAllows() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "there is no /bin/sh");
        Path secret = Files.writeString(folder.resolve("secret"), "8\n");
        Files.writeString(folder.resolve("rows.jsonl"),
                "{\"id\": \"1\", \"problem\": \"ab\", \"tests\": [{\"input\": \"4\", \"output\": \"8\"}]}\n");

        assertThat(verdict(ProgramOptions.STRICT, secret)).isInstanceOf(Verdict.Wrong.class);
        assertThat(verdict(new ProgramOptions(false, List.of(secret)), secret)).isInstanceOf(Verdict.Correct.class);
    }

    private Verdict verdict(ProgramOptions allowed, Path secret) {
        DataSettings settings = new DataSettings(folder.resolve("rows.jsonl").toString(), "", "", GoldRule.WHOLE,
                "run:/bin/sh {file}", "plain", false, 8, false, 8, false);
        Tokenizer tokenizer = Tokenizer.ofAlphabet(List.of("<eos>", "<bos>"), List.of("a", "b"));
        try (DataSetTask task = DataSetTask.of("code", settings, allowed, tokenizer)) {
            return task.verifier().verify(task.problems().getFirst(),
                    "```sh\nread x < " + secret + "; echo $x\n```", true);
        } catch (UnconfinedException e) {
            return abort(e.reason());
        }
    }
}
