package org.flowrl.rl.grade.code;

/// How many tests are run and how long each may take. The standard ones are those of the released reward (FlowRL's
/// `code_reward.py`, which is DeepCoder's).
///
/// @param maxTests of problems in the `taco` and `codeforces` forms: those with the longest inputs
/// @param contestSeconds a test of these forms
/// @param liveCodeBenchSeconds a test of LiveCodeBench's form, all of which are run. Its limit for all tests together,
///     (6 + 1)·tests + 5, is never reached where each test keeps its own.
/// @param harnessSecondsPerTest a call in the test program of HumanEval's form
/// @param harnessGraceSeconds once for each test program, on top: for loading its classes
/// @param cutDropsFunctionName a quirk of the released reward: where tests are left out, it forgets the function's name
///     too, and runs a call-based problem as one that reads standard input
public record TestRules(int maxTests, double contestSeconds, double liveCodeBenchSeconds,
        double harnessSecondsPerTest, double harnessGraceSeconds, boolean cutDropsFunctionName) {
    /// @throws IllegalArgumentException where a number is not positive
    public TestRules {
        if (maxTests <= 0 || !(contestSeconds > 0) || !(liveCodeBenchSeconds > 0) || !(harnessSecondsPerTest > 0)
                || !(harnessGraceSeconds >= 0)) {
            throw new IllegalArgumentException("test rules: tests and seconds must be positive, not " + maxTests
                    + ", " + contestSeconds + ", " + liveCodeBenchSeconds + ", " + harnessSecondsPerTest + ", "
                    + harnessGraceSeconds);
        }
    }

    /// The released numbers without the quirk.
    public static TestRules standard() {
        return new TestRules(15, 12, 6, 1, 5, false);
    }

    /// The released numbers with the quirk, for rewards that are to be those of the released code.
    public static TestRules released() {
        TestRules rules = standard();
        return new TestRules(rules.maxTests, rules.contestSeconds, rules.liveCodeBenchSeconds,
                rules.harnessSecondsPerTest, rules.harnessGraceSeconds, true);
    }
}
