package org.flowrl.rl.grade.code;

import static org.junit.jupiter.api.Assumptions.abort;

/// Sandboxes for tests, which are skipped, with the reason, where the kernel has no means.
final class Sandboxes {
    private Sandboxes() {
    }

    static Sandbox open() {
        try {
            return Sandbox.open(SandboxOptions.standard());
        } catch (UnconfinedException e) {
            return abort(e.reason());
        }
    }

    static CodeGrader grader(TestRules rules) {
        try {
            return CodeGrader.java(SandboxOptions.standard(), rules);
        } catch (UnconfinedException e) {
            return abort(e.reason());
        }
    }

    static CodeGrader grader(TestRules rules, RunnerCommand command) {
        try {
            return CodeGrader.runner(SandboxOptions.standard(), rules, command);
        } catch (UnconfinedException e) {
            return abort(e.reason());
        }
    }
}
