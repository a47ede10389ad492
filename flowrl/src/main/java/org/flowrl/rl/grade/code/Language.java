package org.flowrl.rl.grade.code;

/// A language that answers are written in: turns sources into programs that run in a sandbox.
public sealed interface Language permits JavaLanguage, RunnerLanguage {
    /// What became of a source: a program, or an outcome that needs no run.
    sealed interface Preparation {
    }

    /// There is no program.
    record Rejected(CodeOutcome outcome) implements Preparation {
    }

    /// A program that can be run any number of times, each time in a new process.
    non-sealed interface Program extends Preparation, AutoCloseable {
        /// Runs it on some input.
        Ending runMain(String input, ProgramLimits limits) throws InterruptedException;

        /// Runs a program that checks itself.
        ///
        /// @return {@link Ending.Returned} where the program reached its end
        Ending runHarness(ProgramLimits limits) throws InterruptedException;

        /// Calls one of its methods.
        Ending call(CodeTests.Call call, ProgramLimits limits) throws InterruptedException;

        /// Removes what the program has left on disk.
        @Override
        void close();
    }

    /// @param source a whole program, or a class with the method that is called
    Preparation prepare(String source) throws InterruptedException;

    /// The same for an answer with the test program that checks it.
    Preparation prepare(String answer, CodeTests.Harness harness) throws InterruptedException;
}
