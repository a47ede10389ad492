package org.flowrl.rl.grade.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// The tests of a problem, read from the JSON text of its `answer`. The form says whose rules hold:
///
/// ```
/// [{"input": "…", "output": "…", "testtype": "stdin"}, …]                          LiveCodeBench, streams
/// [{"input": "1\n[2]", "output": "3", "testtype": "functional",
///   "metadata": {"func_name": "f"}}, …]                                            LiveCodeBench, calls
/// [{"input": "…", "output": "…"}, …]                                               codeforces
/// {"inputs": […], "outputs": […], "fn_name": "f" (optional)}                       taco, code_contests
/// {"declaration": "…" or "prompt": "…", "test": "…"}                               HumanEval, HumanEval-X
/// ```
public sealed interface CodeTests {
    /// Separate runs, each with an expected answer, in the order in which they are run.
    record Cases(List<TestCase> cases, double secondsEach) implements CodeTests {
    }

    /// A test program that is appended to the answer.
    ///
    /// @param declaration what the answer goes on from, if it is not whole
    record Harness(String declaration, String test, double seconds) implements CodeTests {
    }

    /// One run.
    sealed interface TestCase {
    }

    /// A program that reads standard input and prints.
    record Streams(String input, String expected) implements TestCase {
    }

    /// A call of a method.
    ///
    /// @param expected any of these will do
    record Call(String method, List<JsonNode> arguments, List<JsonNode> expected) implements TestCase {
    }

    /// @throws IllegalArgumentException where the text is none of the forms; the message says what is missing
    static CodeTests parse(String answer, TestRules rules) {
        return new TestsReader(rules).read(answer);
    }
}
