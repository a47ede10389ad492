package org.flowrl.rl.task;

import java.util.Optional;

/// What a verifier says of one response. Every kind is counted in the log; none is an exception.
public sealed interface Verdict {
    /// The reward of this response, on the verifier's scale.
    double reward();

    /// The kind in lower case: `correct`, `wrong`, `unparsable`, `timed_out`, `failed`.
    String kind();

    /// Why it is not right, in one line for people; empty for a right answer, and where the answer itself says it.
    String reason();

    /// A right answer, or the best there is where rewards are graded.
    ///
    /// @param solution the solution that the answer is an instance of: answers that only write the same solution in
    ///     another way have equal ones. Empty where every text is a solution of its own
    record Correct(double reward, Optional<String> solution) implements Verdict {
        /// A right answer that is a solution of its own.
        public Correct(double reward) {
            this(reward, Optional.empty());
        }

        /// A right answer that is an instance of `solution`.
        public Correct(double reward, String solution) {
            this(reward, Optional.of(solution));
        }

        @Override
        public String kind() {
            return "correct";
        }

        @Override
        public String reason() {
            return "";
        }
    }

    /// An answer that was understood and is not right; graded tasks give it part of the reward.
    ///
    /// @param reason what is wrong with it, for people; empty where the answer itself says it
    record Wrong(double reward, String reason) implements Verdict {
        /// An answer whose fault needs no words.
        public Wrong(double reward) {
            this(reward, "");
        }

        @Override
        public String kind() {
            return "wrong";
        }
    }

    /// No answer could be read.
    ///
    /// @param reason why, for people
    record Unparsable(double reward, String reason) implements Verdict {
        @Override
        public String kind() {
            return "unparsable";
        }
    }

    /// Checking took longer than it may.
    ///
    /// @param reason what it was that took so long, for people
    record TimedOut(double reward, String reason) implements Verdict {
        @Override
        public String kind() {
            return "timed_out";
        }
    }

    /// The verifier itself failed.
    ///
    /// @param reason why, for people
    record Failed(double reward, String reason) implements Verdict {
        @Override
        public String kind() {
            return "failed";
        }
    }
}
