package org.flowrl.rl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.zip.DeflaterOutputStream;
import org.flowrl.rl.data.DataException;
import org.flowrl.rl.task.Problem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Files made from a seed in the layouts in which benchmarks are published.
class BenchmarkTest {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final int SUMMAND = new Random(20_25).nextInt(100);

    @TempDir
    private Path folder;

    private List<Problem> problems(String benchmark, String... rows) throws IOException {
        return Benchmark.named(benchmark).problems(Files.write(folder.resolve("rows.jsonl"), List.of(rows)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        // math-ai/aime25
        "aime25 | {'problem': 'What is 1 + N?', 'answer': 'M', 'id': '0'}",
        // opencompass/AIME2025
        "aime25 | {'question': 'What is 1 + N?', 'answer': 'M'}",
        // MathArena/aime_2025
        "aime25 | {'problem_idx': 1, 'problem': 'What is 1 + N?', 'answer': M, 'problem_type': ['Algebra']}",
        // written for verl
        "aime25 | {'data_source': 'x', 'prompt': [{'role': 'user', 'content': 'What is 1 + N?'}], "
                + "'reward_model': {'ground_truth': 'M', 'style': 'rule'}}",
        // Maxwell-Jia/AIME_2024 in lower case; HuggingFaceH4/aime_2024
        "aime24 | {'id': 60, 'problem': 'What is 1 + N?', 'solution': 'M', 'answer': 'M', 'url': '', 'year': '2024'}",
        // HuggingFaceH4/MATH-500
        "math500 | {'problem': 'What is 1 + N?', 'solution': '', 'answer': 'M', 'level': 2, 'unique_id': 'test/1'}",
        // openai/gsm8k
        "gsm8k | {'question': 'What is 1 + N?', 'answer': 'Add 1.\\n#### M'}",
        // math-ai/minervamath as in Qwen2.5-Math
        "minerva | {'problem': 'What is 1 + N?', 'solution': 'It is \\\\boxed{M}.', 'type': 'x', 'idx': 0}",
        "olympiad | {'id': 1, 'question': 'What is 1 + N?', 'final_answer': ['M'], 'solution': ['…']}"})
    void aPublishedLayoutIsRead(String benchmark, String row) throws IOException {
        String json = row.replace('\'', '"').replace("N?", SUMMAND + "?").replace("M\\\"", "M\"")
                .replaceAll("(?<![A-Za-z])M(?![A-Za-z])", Integer.toString(SUMMAND + 1));
        assertThat(problems(benchmark, json)).singleElement().satisfies(problem -> {
            assertThat(problem.prompt()).isEqualTo("What is 1 + " + SUMMAND + "?");
            assertThat(problem.answer()).isEqualTo(Integer.toString(SUMMAND + 1));
        });
    }

    @Test
    void aLayoutOfAnotherBenchmarkIsRefusedWithThoseThatAreExpected() {
        assertThatThrownBy(() -> problems("aime25", "{\"text\": \"What is 1 + 1?\", \"gold\": \"2\"}"))
                .isInstanceOf(DataException.class)
                .hasMessageEndingWith("rows.jsonl, line 1: its fields text, gold are of no layout that this benchmark "
                        + "has: prompt problem, answer answer; or prompt question, answer answer; or prompt "
                        + "prompt[0].content, answer reward_model.ground_truth");
    }

    /// `livecodebench/code_generation_lite`: public tests as JSON, private ones packed.
    @Test
    void liveCodeBenchsTestsAreUnpackedAndItsStarterCodeShown() throws IOException {
        ObjectNode row = MAPPER.createObjectNode().put("question_title", "sum")
                .put("question_content", "Add two numbers.")
                .put("platform", "leetcode").put("question_id", "3344").put("starter_code",
                        "class Solution:\n    def add(self, a: int, b: int) -> int:\n        ")
                .put("public_test_cases", "[{\"input\": \"1\\n2\", \"output\": \"3\", \"testtype\": \"functional\"}]")
                .put("private_test_cases", packed("[{\"input\": \"" + SUMMAND + "\\n1\", \"output\": \"" + (SUMMAND + 1)
                        + "\", \"testtype\": \"functional\"}]"))
                .put("metadata", "{\"func_name\": \"add\"}");
        assertThat(problems("livecodebench", row.toString())).singleElement().satisfies(problem -> {
            assertThat(problem.id()).isEqualTo("3344");
            assertThat(problem.prompt()).isEqualTo("Add two numbers.\n\nThe answer goes on from this:\n```\n"
                    + "class Solution:\n    def add(self, a: int, b: int) -> int:\n```");
            assertThat(MAPPER.readTree(problem.answer())).isEqualTo(MAPPER.readTree(
                    ("[{'input': '1\\n2', 'output': '3', 'testtype': 'functional', 'metadata': {'func_name': 'add'}}, "
                            + "{'input': '" + SUMMAND + "\\n1', 'output': '" + (SUMMAND + 1) + "', 'testtype': "
                            + "'functional', 'metadata': {'func_name': 'add'}}]").replace('\'', '"')));
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "!? | , or the pickle of a text, deflated, in Base64: Illegal base64 character 21",
        "aGVsbG8= | , or the pickle of a text, deflated, in Base64: incorrect header check",
        "[1 | : Unexpected end-of-input"})
    void privateTestsThatCannotBeUnpackedAreNamed(String field, String message) {
        assertThatThrownBy(() -> problems("livecodebench", MAPPER.createObjectNode().put("question_content", "x")
                .put("public_test_cases", "[]").put("private_test_cases", field).toString()))
                .isInstanceOf(DataException.class).hasMessageContaining(
                        "rows.jsonl, line 1: private_test_cases must be JSON" + message);
    }

    /// A pickle that builds anything but a text is not run.
    @Test
    void aPickleOfMoreThanATextIsRefused() {
        byte[] call = "cos\nsystem\n(S'true'\ntR.".getBytes(StandardCharsets.US_ASCII);
        assertThatThrownBy(() -> problems("livecodebench", MAPPER.createObjectNode().put("question_content", "x")
                .put("public_test_cases", "[]").put("private_test_cases", deflated(call)).toString()))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("the pickle holds more than a text: instruction 99 at byte 0");
    }

    /// `evalplus/humanevalplus` and `openai_humaneval` leave the call of `check` to who runs the tests.
    @Test
    void humanEvalsCheckIsCalled() throws IOException {
        ObjectNode row = MAPPER.createObjectNode().put("task_id", "HumanEval/0").put("prompt", "def add(a, b):\n")
                .put("canonical_solution", "    return a + b\n").put("entry_point", "add")
                .put("test", "def check(candidate):\n    assert candidate(1, 2) == 3\n");
        assertThat(problems("humaneval+", row.toString())).singleElement().satisfies(problem -> {
            assertThat(problem.id()).isEqualTo("HumanEval/0");
            assertThat(MAPPER.readTree(problem.answer())).isEqualTo(MAPPER.createObjectNode()
                    .put("prompt", "def add(a, b):\n")
                    .put("test", "def check(candidate):\n    assert candidate(1, 2) == 3\n"
                            + "\n\ncheck(add)\n"));
        });
        row.put("test", row.get("test").textValue() + "check(add)\n");
        assertThat(problems("humaneval+", row.toString()).getFirst().answer()).doesNotContain("\\n\\ncheck(add)");
    }

    /// `base64(zlib(pickle.dumps(text)))` of Python's fourth protocol.
    private static String packed(String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return deflated(ByteBuffer.allocate(18 + utf8.length).order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 0x80).put((byte) 4).put((byte) 0x95).putLong(7 + utf8.length)
                .put((byte) 'X').putInt(utf8.length).put(utf8).put((byte) 0x94).put((byte) '.').array());
    }

    private static String deflated(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed)) {
            out.write(bytes);
        }
        return Base64.getEncoder().encodeToString(packed.toByteArray());
    }
}
