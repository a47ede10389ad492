package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.BAD_TESTS;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.EXITED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.NOT_COMPILED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.NO_PROGRAM;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.PASSED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.SHADOWS_TESTS;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.THREW;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.WRONG_ANSWER;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class JavaLanguageTest {
    private static final String DOUBLING = "[{\"input\": \"4\\n\", \"output\": \"8\\n\"},"
            + " {\"input\": \"-1\\n\", \"output\": \"-2\\n\"}]";
    /// HumanEval-X's form: f(1) must be 2.
    private static final String HARNESS = """
            {"declaration": "import java.util.*;\\nclass Solution {\\n    public int f(int n) {\\n",
             "test": "public class Main { public static void main(String[] args) { Solution s = new Solution();
             List<Boolean> correct = Arrays.asList(s.f(1) == 2);
             if (correct.contains(false)) { throw new AssertionError(); } } }"}
            """.replace("\n ", " ");

    private static CodeGrader grader;

    @BeforeAll
    static void open() {
        grader = Sandboxes.grader(Sandboxes.patientRules());
    }

    @AfterAll
    static void close() {
        if (grader != null) {
            grader.close();
        }
    }

    static Stream<Arguments> programs() {
        return Stream.of(
                program("class Anything { public static void main(String[] args) { int n = new java.util.Scanner("
                        + "System.in).nextInt(); System.out.println(2 * n); } }", PASSED, ""),
                program("void main() { System.out.println(2 * Integer.parseInt(IO.readln())); }", PASSED, ""),
                program("public class Main { public static void main(String[] args) { System.out.println(8); } }",
                        WRONG_ANSWER, "test 2 of 2: line 1 is '8' and not '-2'"),
                program("public class Main { }", THREW, "no class has a main method"),
                program("public class Main { void f() { return 1; } }", NOT_COMPILED, "line 1: incompatible types"),
                program("class Main { int f() { return " + "(".repeat(5000) + "1" + ")".repeat(5000) + "; } }",
                        NOT_COMPILED, "the compiler itself failed on it"),
                program("class Main { public static void main(String[] args) { throw new IllegalStateException("
                        + "\"why\"); } }", THREW, "test 1 of 2: java.lang.IllegalStateException: why"));
    }

    private static Arguments program(String source, CodeOutcome.Kind kind, String reason) {
        return Arguments.of("```java\n" + source + "\n```", kind, reason);
    }

    @ParameterizedTest
    @MethodSource("programs")
    void streamProblems(String response, CodeOutcome.Kind kind, String reason) {
        CodeOutcome outcome = grader.grade(DOUBLING, response);
        assertThat(outcome.kind()).as(outcome.toString()).isEqualTo(kind);
        assertThat(outcome.reason()).contains(reason);
    }

    static Stream<Arguments> calls() {
        return Stream.of(
                call("int f(int[] a, long b)", "return (int) (a[0] + b);", "[1, 2]\\n3", "4", PASSED),
                call("double f(double x)", "return x / 2;", "1", "0.5", PASSED),
                call("boolean f(String s)", "return s.isEmpty();", "\\\"\\\"", "true", PASSED),
                call("char f(char c)", "return (char) (c + 1);", "\\\"a\\\"", "\\\"b\\\"", PASSED),
                call("int[][] f(int[][] a)", "a[0][0]++; return a;", "[[1], [2, 3]]", "[[2], [2, 3]]", PASSED),
                call("java.util.List<java.util.List<Integer>> f(java.util.List<java.util.List<Integer>> a)",
                        "a.get(0).add(7); return a;", "[[]]", "[[7]]", PASSED),
                call("java.util.List<String> f(java.util.Set<String> a)", "return new java.util.ArrayList<>(a);",
                        "[\\\"x\\\", \\\"y\\\"]", "[\\\"x\\\", \\\"y\\\"]", PASSED),
                call("java.util.Map<String, Long> f(java.util.Map<String, Long> a)", "return a;",
                        "{\\\"x\\\": 1}", "{\\\"x\\\": 1}", PASSED),
                call("int f(int a)", "return a;", "1", "2", WRONG_ANSWER),
                call("int f(int a)", "System.exit(0); return a;", "1", "1", EXITED),
                call("int f(int a)", "return a;", "3000000000", "3000000000", THREW),
                call("int f(int a, int b)", "return a;", "1", "1", THREW),
                call("Object f(int a)", "return new Object();", "1", "1", THREW));
    }

    private static Arguments call(String signature, String body, String input, String output,
            CodeOutcome.Kind kind) {
        return Arguments.of("```java\nclass Solution { public " + signature + " { " + body + " } }\n```",
                "[{\"input\": \"" + input + "\", \"output\": \"" + output
                        + "\", \"testtype\": \"functional\", \"metadata\": {\"func_name\": \"f\"}}]", kind);
    }

    @ParameterizedTest
    @MethodSource("calls")
    void callProblems(String response, String tests, CodeOutcome.Kind kind) {
        CodeOutcome outcome = grader.grade(tests, response);
        assertThat(outcome.kind()).as(outcome.toString()).isEqualTo(kind);
    }

    static Stream<Arguments> harnessAnswers() {
        return Stream.of(
                Arguments.of("return 2 * n; } }", PASSED),
                Arguments.of("```java\nreturn 2 * n; } }\n```", PASSED),
                Arguments.of("```java\npublic class Solution { public int f(int n) { return 2 * n; } }\n```", PASSED),
                Arguments.of("return n; } }", THREW),
                Arguments.of("return 2 * n; }", NOT_COMPILED),
                Arguments.of("```java\nreturn 2 * n; } }", NO_PROGRAM),
                // Answers that judge themselves: none gets through.
                Arguments.of("System.exit(0); return n; } }", EXITED),
                Arguments.of("Runtime.getRuntime().halt(0); return n; } }", EXITED),
                Arguments.of("try { var err = new java.io.FileOutputStream(java.io.FileDescriptor.err);"
                        + " byte[] frame = new byte[22]; frame[16] = 'R'; frame[20] = 1; frame[21] = 'n';"
                        + " err.write(frame); } catch (java.io.IOException e) { } System.exit(0); return n; } }",
                        EXITED),
                Arguments.of("return n; } } class Arrays { static <T> java.util.List<T> asList(T... all) {"
                        + " return java.util.List.of(); } }", SHADOWS_TESTS),
                Arguments.of("return n; } } class AssertionError extends RuntimeException { }", SHADOWS_TESTS));
    }

    @ParameterizedTest
    @MethodSource("harnessAnswers")
    void harnessProblems(String response, CodeOutcome.Kind kind) {
        CodeOutcome outcome = grader.grade(HARNESS, response);
        assertThat(outcome.kind()).as(outcome.toString()).isEqualTo(kind);
    }

    @Test
    void aSourceThatFillsTheCompilersMemoryIsRejected() {
        // A constant of 2^40 characters, each of forty being twice the one before.
        String constants = IntStream.rangeClosed(1, 40)
                .mapToObj(i -> "static final String S" + i + " = S" + (i - 1) + " + S" + (i - 1) + ";")
                .collect(Collectors.joining(" ", "static final String S0 = \"x\"; ", ""));
        assertThat(grader.grade(DOUBLING, "```java\nclass Main { " + constants + " }\n```").kind())
                .isEqualTo(NOT_COMPILED);
        assertThat(grader.grade(HARNESS, "return 2 * n; } }").kind()).isEqualTo(PASSED);
    }

    @Test
    void verdictsHaveRewardsOfOneAndZero() {
        assertThat(verdict(HARNESS, "return 2 * n; } }")).isEqualTo(new Verdict.Correct(1));
        assertThat(verdict(HARNESS, "return n; } }")).isInstanceOfSatisfying(Verdict.Wrong.class, wrong -> {
            assertThat(wrong.reward()).isZero();
            assertThat(wrong.reason()).isEqualTo("exception: java.lang.AssertionError: null");
        });
        assertThat(verdict(DOUBLING, "no code")).isEqualTo(
                new Verdict.Unparsable(0, "no program: no closed fenced block"));
        assertThat(verdict("17", "```\n```")).isInstanceOf(Verdict.Failed.class);
        assertThat(grader.grade("17", "```\n```").kind()).isEqualTo(BAD_TESTS);
    }

    private static Verdict verdict(String answer, String response) {
        return grader.verify(new Problem("p", "", answer), response, true);
    }
}
