package org.flowrl.rl.grade.code;

import org.flowrl.rl.task.Verdict;

/// What came of one answer: a kind, and the particulars for people.
///
/// @param reason empty for {@link Kind#PASSED}
public record CodeOutcome(Kind kind, String reason) {
    /// All that can come of an answer.
    public enum Kind {
        /// All tests passed.
        PASSED("passed"),
        /// The response has no closed fenced block.
        NO_PROGRAM("no program"),
        /// The compiler rejects it.
        NOT_COMPILED("does not compile"),
        /// It declares a class by which it would judge itself.
        SHADOWS_TESTS("shadows the tests"),
        /// A test got another answer than expected.
        WRONG_ANSWER("wrong answer"),
        /// An exception, or an error of the program's own.
        THREW("exception"),
        /// The process ended before it should, or with an exit code that says so.
        EXITED("exited"),
        /// Too long.
        TIME_LIMIT("time limit"),
        /// Too much computing, over all threads.
        CPU_LIMIT("CPU limit"),
        /// Too much printed.
        OUTPUT_LIMIT("output limit"),
        /// Heap or threads.
        MEMORY_LIMIT("memory limit"),
        /// A file that it may not read or write.
        FILE_REFUSED("file refused"),
        /// The network.
        NETWORK_REFUSED("network refused"),
        /// Another process.
        PROCESS_REFUSED("process refused"),
        /// The insides of the JVM or of the cell.
        INTERNALS_REFUSED("internals refused"),
        /// The tests cannot be read.
        BAD_TESTS("tests"),
        /// The sandbox could not run it.
        NOT_RUN("not run");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        /// The kind as verdicts name it.
        public String label() {
            return label;
        }
    }

    /// The verdict with a reward of 1 where all tests passed, and of 0 otherwise: there is no partial credit.
    public Verdict verdict() {
        return switch (kind) {
            case PASSED -> new Verdict.Correct(1);
            case NO_PROGRAM -> new Verdict.Unparsable(0, text());
            case TIME_LIMIT, CPU_LIMIT -> new Verdict.TimedOut(0, text());
            case BAD_TESTS, NOT_RUN -> new Verdict.Failed(0, text());
            case NOT_COMPILED, SHADOWS_TESTS, WRONG_ANSWER, THREW, EXITED, OUTPUT_LIMIT, MEMORY_LIMIT, FILE_REFUSED,
                    NETWORK_REFUSED, PROCESS_REFUSED, INTERNALS_REFUSED -> new Verdict.Wrong(0, text());
        };
    }

    /// The outcome of a program that did not end as a right one does.
    static CodeOutcome of(Ending ending) {
        return switch (ending) {
            case Ending.Ended(var exitCode, _, var errors) -> new CodeOutcome(Kind.EXITED, exitCode == 0
                    ? "with code 0 before the tests were through"
                    : "with code " + exitCode + ": " + Excerpt.ofLastLine(errors));
            case Ending.Returned _ -> throw new IllegalArgumentException("a program that returned has an answer");
            case Ending.Threw(var className, var message) -> new CodeOutcome(kindOf(className, message),
                    Excerpt.of(className + ": " + message));
            case Ending.Stopped(var limit) -> new CodeOutcome(switch (limit) {
                case WALL_TIME -> Kind.TIME_LIMIT;
                case CPU_TIME -> Kind.CPU_LIMIT;
                case OUTPUT -> Kind.OUTPUT_LIMIT;
            }, "stopped");
            case Ending.NotRun(var reason) -> new CodeOutcome(Kind.NOT_RUN, Excerpt.of(reason));
        };
    }

    /// What an exception that nobody caught says about the walls. It is only a name: the walls do not depend on it.
    private static Kind kindOf(String className, String message) {
        return switch (className) {
            case "java.lang.OutOfMemoryError" -> Kind.MEMORY_LIMIT;
            case "java.nio.file.AccessDeniedException" -> Kind.FILE_REFUSED;
            case "java.nio.file.FileSystemException" -> message.endsWith("Operation not permitted") ? Kind.FILE_REFUSED
                    : Kind.THREW;
            case "java.io.FileNotFoundException" -> message.endsWith("(Permission denied)") ? Kind.FILE_REFUSED
                    : Kind.THREW;
            case "java.net.SocketException", "java.net.UnknownHostException", "java.net.ConnectException",
                    "java.net.BindException" -> Kind.NETWORK_REFUSED;
            // Channels and sockets pass on the kernel's word as it is; files name themselves.
            case "java.io.IOException" -> message.startsWith("Cannot run program") ? Kind.PROCESS_REFUSED
                    : message.equals("Operation not permitted") ? Kind.NETWORK_REFUSED
                    : message.endsWith("Permission denied") ? Kind.FILE_REFUSED : Kind.THREW;
            case "java.lang.reflect.InaccessibleObjectException", "java.lang.IllegalCallerException",
                    "java.lang.IllegalAccessException", "java.lang.IllegalAccessError" -> Kind.INTERNALS_REFUSED;
            default -> Kind.THREW;
        };
    }

    private String text() {
        return kind.label() + ": " + reason;
    }
}
