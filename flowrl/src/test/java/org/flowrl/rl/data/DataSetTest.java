package org.flowrl.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.flowrl.rl.task.Problem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The Parquet files are DuckDB's, see fixtures.sql beside them.
class DataSetTest {
    @TempDir
    private Path folder;

    /// Five problems three times each; the fourth has an empty gold answer. p + p = 2p.
    @ParameterizedTest
    @ValueSource(strings = {"dapo-snappy.parquet", "dapo-gzip.parquet", "dapo-plain.parquet"})
    void aFileAsDapoPublishesItGivesEachProblemOnce(String name) {
        DataSet data = DataSet.read(fixture(name));
        assertThat(data.problems()).containsExactly(
                new Problem("problem-1", "Solve: 1 + 1?", "2"), new Problem("problem-2", "Solve: 2 + 2?", "4"),
                new Problem("problem-3", "Solve: 3 + 3?", "6"), new Problem("problem-5", "Solve: 5 + 5?", "10"));
        assertThat(data.counts()).isEqualTo(new DataSet.Counts(15, 3, 8, 0, 0));
        assertThat(data.toString()).endsWith("4 problems from 15 rows (prompt prompt[0].content, answer "
                + "reward_model.ground_truth), 8 duplicates, 3 without a gold answer");
    }

    @Test
    void aParquetFileOfAnotherCompressionSaysWhatIsMissing() {
        Path file = fixture("dapo-zstd.parquet");
        assertThatThrownBy(() -> DataSet.read(file)).isInstanceOf(DataException.class)
                .hasMessageStartingWith(file + ": cannot be read as Parquet: ").hasMessageContaining("ZSTD")
                .hasMessageContaining("com.github.luben:zstd-jni");
    }

    @Test
    void parquetValuesBecomeJson() throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        DataFile.read(fixture("types.parquet"), Set.of(), row -> rows.add(row.value()));
        assertThat(rows).hasSize(2);
        assertThat(rows.getFirst().toString()).isEqualTo(
                "{\"question\":\"q1\",\"d\":36.0,\"f\":1.5,\"i\":7,\"l\":8,\"b\":true,\"n\":12.50,\"y\":\"text\","
                + "\"t\":\"2024-02-29\",\"m\":{\"k\":5},\"ll\":[[1,2],[3]],\"z\":null}");
        assertThat(rows.getLast().toString()).isEqualTo(
                "{\"question\":\"q2\",\"d\":0.5,\"f\":-1.0,\"i\":-7,\"l\":-8,\"b\":false,\"n\":0.01,\"y\":\"\","
                + "\"t\":null,\"m\":null,\"ll\":[],\"z\":\"x\"}");
    }

    @ParameterizedTest
    @CsvSource({"d, 36", "f, 1.5", "i, 7", "l, 8", "b, true", "n, 12.5", "y, text", "m.k, 5", "ll[0][-1], 2"})
    void anAnswerMayBeOfAnyType(String field, String answer) {
        DataSet data = DataSet.read(fixture("types.parquet"), List.of(Fields.of("question", field)));
        assertThat(data.problems().getFirst()).isEqualTo(new Problem("types.parquet-1", "q1", answer));
    }

    @Test
    void linesMayBePacked() throws IOException {
        Path file = folder.resolve("a.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("{\"problem\":\"p\",\"answer\":\"1\"}\n\n{\"problem\":\"q\",\"answer\":2.0}"
                    .getBytes(StandardCharsets.UTF_8));
        }
        assertThat(DataSet.read(file).problems())
                .containsExactly(new Problem("a.jsonl.gz-1", "p", "1"), new Problem("a.jsonl.gz-2", "q", "2"));
    }

    /// The layouts that are known without being named.
    @ParameterizedTest
    @CsvSource(delimiter = '!', quoteCharacter = '`', value = {
        "{'problem': 'p', 'answer': '7', 'solution': 'x'}              ! 7",
        "{'question': 'p', 'answer': 'so 3*4=<<3*4=12>>12\\n#### 1,200'} ! 1200",
        "{'question': 'p', 'answer': 'B'}                              ! B",
        "{'question': 'p', 'final_answer': ['2', '3'], 'answer': null} ! 2",
        "{'problem': 'p', 'solution': '\\\\boxed{1} or \\\\boxed{\\\\frac{1}{2}}.'} ! \\frac{1}{2}",
        "{'prompt': 'p', 'answer': 0.0}                                ! 0",
        "{'problem': 'p', 'tests': [{'input': '1', 'output': '2'}]}    ! [{\"input\":\"1\",\"output\":\"2\"}]",
        "{'prompt': 'p', 'declaration': 'd', 'test': 't'}              ! {\"declaration\":\"d\",\"test\":\"t\"}",
        "{'prompt': 'p', 'test': 't'}                                  ! {\"prompt\":\"p\",\"test\":\"t\"}",
        "{'prompt': [{'role': 'user', 'content': 'p'}], 'reward_model': {'ground_truth': '5'}} ! 5"})
    void knownLayoutsAreRecognised(String row, String answer) throws IOException {
        Path file = write(row);
        assertThat(DataSet.read(file).problems())
                .containsExactly(new Problem("data.jsonl-1", "p", answer));
    }

    @Test
    void theFirstGoldsMayBeMissing() throws IOException {
        DataSet data = DataSet.read(write("{'problem': 'a', 'answer': null}\n{'problem': 'b', 'answer': ' '}\n"
                + "{'problem': 'c', 'answer': '3'}"));
        assertThat(data.problems()).containsExactly(new Problem("data.jsonl-3", "c", "3"));
        assertThat(data.counts()).isEqualTo(new DataSet.Counts(3, 2, 0, 0, 0));
    }

    @Test
    void ofContradictingRowsTheFirstIsKeptAndTheOthersAreCounted() throws IOException {
        DataSet data = DataSet.read(write("{'problem': 'a', 'answer': '1'}\n{'problem': 'a', 'answer': '2'}"));
        assertThat(data.problems()).containsExactly(new Problem("data.jsonl-1", "a", "1"));
        assertThat(data.counts()).isEqualTo(new DataSet.Counts(2, 0, 0, 1, 0));
    }

    @Test
    void idsStayUnique() throws IOException {
        DataSet data = DataSet.read(write("{'q': 'a', 'a': '1', 'id': 'x'}\n{'q': 'b', 'a': '1', 'id': 'x'}\n"
                + "{'q': 'c', 'a': '1'}"), List.of(Fields.of("q", "a").withId("id")));
        assertThat(data.problems()).extracting(Problem::id).containsExactly("x", "data.jsonl-2", "data.jsonl-3");
    }

    @Test
    void problemsAreFilteredAndCounted() throws IOException {
        DataSet data = DataSet.read(write("{'problem': 'a', 'answer': '1'}\n{'problem': 'bb', 'answer': '2'}"));
        DataSet shorter = data.where("at most one letter", problem -> problem.prompt().length() < 2);
        assertThat(shorter.problems()).extracting(Problem::prompt).containsExactly("a");
        assertThat(shorter.counts().filtered()).isEqualTo(1);
        assertThatThrownBy(() -> data.where("no letter", problem -> problem.prompt().isEmpty()))
                .hasMessage(folder.resolve("data.jsonl") + ": none of its 2 problems is left: no letter");
    }

    /// After the file's path.
    @ParameterizedTest
    @CsvSource(delimiter = '!', quoteCharacter = '`', value = {
        "`{'problem': 'a', 'answer': '1'}\n{'problem': 'a' 5: '1'}` ! , line 2, column 17: not JSON: Unexpected "
            + "character ('5' (code 53)): was expecting comma to separate Object entries",
        "[1]                          ! , line 1, column 1: must be a JSON object, not array",
        "{'title': 'a', 'body': 'b'}  ! , line 1: its fields title, body are of no known layout; say which hold the "
            + "prompt and the answer",
        "`{'problem': 'a', 'answer': '1'}\n{'answer': '1'}` ! , line 2: field problem must hold a problem, a text, not "
            + "nothing",
        "`{'problem': 'a', 'answer': '1'}\n{'problem': 7, 'answer': '1'}` ! , line 2: field problem must hold a "
            + "problem, a text, not 7",
        "`\n`                         ! : holds no row"})
    void whatIsWrongNamesFileAndPlace(String rows, String message) throws IOException {
        Path file = write(rows);
        assertThatThrownBy(() -> DataSet.read(file)).isInstanceOf(DataException.class)
                .hasMessage(file + message);
    }

    @Test
    void filesThatAreNotThereOrOfAnotherKindAreRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("a.parquet"), "not parquet");
        assertThatThrownBy(() -> DataSet.read(text)).isInstanceOf(DataException.class)
                .hasMessageStartingWith(text + ": cannot be read as Parquet: ");
        assertThatThrownBy(() -> DataSet.read(folder.resolve("a.csv")))
                .hasMessage(folder.resolve("a.csv") + ": the name must end in .jsonl, .jsonl.gz or .parquet");
        for (String name : List.of("none.parquet", "none.jsonl")) {
            assertThatThrownBy(() -> DataSet.read(folder.resolve(name)))
                    .isInstanceOf(UncheckedIOException.class).hasMessage("cannot read "
                            + folder.resolve(name) + ": no such file or folder");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".a", "a..b", "a[", "a[x]", "[0]", "a[0]b", "a[99999999999]"})
    void aPathThatIsNoneIsRefused(String path) {
        assertThatThrownBy(() -> FieldPath.of(path)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("field '" + path + "' must be a path such as");
    }

    @Test
    void pathsGoThroughObjectsAndLists() throws IOException {
        JsonNode row = new JsonMapper().readTree("{\"a b\":{\"c\":[1,[2,3]],\"n\":null}}");
        assertThat(FieldPath.of("a b.c[1][-1]").in(row).intValue()).isEqualTo(3);
        assertThat(FieldPath.of("a b.c[-2]").in(row).intValue()).isEqualTo(1);
        for (String absent : List.of("a b.n", "a b.c[2]", "a b.c[-3]", "a b.c.d", "x.y[0]")) {
            assertThat(FieldPath.of(absent).in(row).isMissingNode()).as(absent).isTrue();
        }
    }

    private Path write(String rows) throws IOException {
        return Files.writeString(folder.resolve("data.jsonl"), rows.replace('\'', '"'));
    }

    private static Path fixture(String name) {
        try {
            return Path.of(DataSetTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
