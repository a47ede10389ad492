package org.flowrl.rl.grade.code;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;

/// Grades programs by their tests: all pass, or the reward is 0. Problems bring their tests as JSON in one of the forms
/// of {@link CodeTests}. Safe for use by many threads; closing it closes its sandbox.
public final class CodeGrader implements Verifier, AutoCloseable {
    private final Sandbox sandbox;
    private final Language language;
    private final TestRules rules;

    private CodeGrader(Sandbox sandbox, Language language, TestRules rules) {
        this.sandbox = sandbox;
        this.language = language;
        this.rules = rules;
    }

    /// A grader of Java programs.
    ///
    /// @throws UnconfinedException where they would not be confined and the options do not allow that
    public static CodeGrader java(SandboxOptions options, TestRules rules) {
        Sandbox sandbox = Sandbox.open(options);
        return new CodeGrader(sandbox, new JavaLanguage(sandbox), rules);
    }

    /// A grader of programs in another language.
    ///
    /// @throws UnconfinedException where they would not be confined and the options do not allow that
    public static CodeGrader runner(SandboxOptions options, TestRules rules, RunnerCommand command) {
        Sandbox sandbox = Sandbox.open(options);
        return new CodeGrader(sandbox, new RunnerLanguage(sandbox, command), rules);
    }

    @Override
    public Verdict verify(Problem problem, String response, boolean finished) {
        return grade(problem.answer(), response).verdict();
    }

    /// Grades the last fenced block of a response. For a test program of HumanEval's form, a response without any fence
    /// is taken as what comes after the declaration.
    ///
    /// @param answer the tests, as JSON
    public CodeOutcome grade(String answer, String response) {
        CodeTests tests;
        try {
            tests = CodeTests.parse(answer, rules);
        } catch (IllegalArgumentException e) {
            return new CodeOutcome(CodeOutcome.Kind.BAD_TESTS, e.getMessage());
        }
        Optional<String> code = FencedCode.last(response);
        if (code.isEmpty() && tests instanceof CodeTests.Harness && !response.contains("```")) {
            code = Optional.of(response);
        }
        if (code.isEmpty()) {
            return new CodeOutcome(CodeOutcome.Kind.NO_PROGRAM, "no closed fenced block");
        }
        try {
            return grade(tests, code.get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new CodeOutcome(CodeOutcome.Kind.NOT_RUN, "interrupted");
        }
    }

    private CodeOutcome grade(CodeTests tests, String code) throws InterruptedException {
        Language.Preparation preparation = switch (tests) {
            case CodeTests.Harness harness -> language.prepare(code, harness);
            case CodeTests.Cases _ -> language.prepare(code);
        };
        return switch (preparation) {
            case Language.Rejected(var outcome) -> outcome;
            case Language.Program program -> {
                try (program) {
                    yield run(tests, program);
                }
            }
        };
    }

    private static CodeOutcome run(CodeTests tests, Language.Program program) throws InterruptedException {
        switch (tests) {
            case CodeTests.Harness harness -> {
                Ending ending = program.runHarness(ProgramLimits.ofSeconds(harness.seconds()));
                return ending instanceof Ending.Returned ? PASSED : CodeOutcome.of(ending);
            }
            case CodeTests.Cases(var cases, var seconds) -> {
                for (int i = 0; i < cases.size(); i++) {
                    CodeOutcome outcome = run(cases.get(i), program, ProgramLimits.ofSeconds(seconds));
                    if (outcome.kind() != CodeOutcome.Kind.PASSED) {
                        return new CodeOutcome(outcome.kind(), "test " + (i + 1) + " of " + cases.size() + ": "
                                + outcome.reason());
                    }
                }
                return PASSED;
            }
        }
    }

    private static final CodeOutcome PASSED = new CodeOutcome(CodeOutcome.Kind.PASSED, "");

    private static CodeOutcome run(CodeTests.TestCase test, Language.Program program, ProgramLimits limits)
            throws InterruptedException {
        switch (test) {
            case CodeTests.Streams(var input, var expected) -> {
                Ending ending = program.runMain(input, limits);
                if (!(ending instanceof Ending.Ended(var exitCode, var output, _)) || exitCode != 0) {
                    return CodeOutcome.of(ending);
                }
                return OutputComparison.difference(expected, new String(output, StandardCharsets.UTF_8))
                        .map(difference -> new CodeOutcome(CodeOutcome.Kind.WRONG_ANSWER, difference)).orElse(PASSED);
            }
            case CodeTests.Call call -> {
                Ending ending = program.call(call, limits);
                if (!(ending instanceof Ending.Returned(var value))) {
                    return CodeOutcome.of(ending);
                }
                return call.expected().stream().anyMatch(expected -> ValueComparison.same(expected, value)) ? PASSED
                        : new CodeOutcome(CodeOutcome.Kind.WRONG_ANSWER, "it returned " + Excerpt.of("" + value)
                                + " and not " + Excerpt.of(call.expected().getFirst().toString()));
            }
        }
    }

    /// As many programs as the sandbox runs at a time.
    @Override
    public int parallelism() {
        return sandbox.parallelism();
    }

    @Override
    public void close() {
        sandbox.close();
    }
}
