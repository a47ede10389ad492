package org.flowrl.rl.grade.code;

import static org.junit.jupiter.api.Assumptions.abort;

/// Sandboxes for tests, which are skipped, with the reason, where the kernel has no means.
///
/// On a busy machine everything may take long, and only what is about time may say so. What ends by itself is given
/// {@link #PATIENT_SECONDS}, which cost nothing where it does; compilers are given as much.
final class Sandboxes {
    /// A limit that only a program without end comes to.
    static final double PATIENT_SECONDS = 120;
    private static final SandboxOptions OPTIONS = new SandboxOptions(false,
            SandboxOptions.standard().parallelism(), SandboxOptions.standard().heapBytes(), (int) PATIENT_SECONDS);

    private Sandboxes() {
    }

    /// Tests of which none is stopped that ends by itself.
    static TestRules patientRules() {
        return new TestRules(15, PATIENT_SECONDS, PATIENT_SECONDS, PATIENT_SECONDS, PATIENT_SECONDS, false);
    }

    static Sandbox open() {
        try {
            return Sandbox.open(OPTIONS);
        } catch (UnconfinedException e) {
            return abort(e.reason());
        }
    }

    static CodeGrader grader(TestRules rules) {
        try {
            return CodeGrader.java(OPTIONS, rules);
        } catch (UnconfinedException e) {
            return abort(e.reason());
        }
    }

    static CodeGrader grader(TestRules rules, RunnerCommand command) {
        try {
            return CodeGrader.runner(OPTIONS, rules, command);
        } catch (UnconfinedException e) {
            return abort(e.reason());
        }
    }
}
