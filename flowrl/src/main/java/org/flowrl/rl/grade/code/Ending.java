package org.flowrl.rl.grade.code;

import java.util.Arrays;

/// How a program in a cell ended.
public sealed interface Ending {
    /// Its process ended by itself.
    ///
    /// @param exitCode 128 + n where signal n ended it
    /// @param output its standard output
    /// @param errors its standard error, as text
    record Ended(int exitCode, byte[] output, String errors) implements Ending {
        @Override
        public boolean equals(Object object) {
            return object instanceof Ended other && Arrays.deepEquals(parts(), other.parts());
        }

        @Override
        public int hashCode() {
            return Arrays.deepHashCode(parts());
        }

        /// Records compare arrays by identity; these are compared by their values.
        private Object[] parts() {
            return new Object[] {exitCode, output, errors};
        }
    }

    /// `main` or the method returned, and the cell itself says so.
    ///
    /// @param value as {@link org.flowrl.rl.grade.code.cell.ValueStream} reads it; null for `main`
    record Returned(Object value) implements Ending {
    }

    /// It ended with an exception.
    record Threw(String className, String message) implements Ending {
    }

    /// It was ended.
    record Stopped(Limit limit) implements Ending {
    }

    /// It was not run.
    ///
    /// @param reason why, for people
    record NotRun(String reason) implements Ending {
    }

    /// What a program may not exceed.
    enum Limit {
        /// Seconds since it started.
        WALL_TIME,
        /// Seconds of all its threads together.
        CPU_TIME,
        /// Bytes on standard output or standard error.
        OUTPUT
    }
}
