package org.flowrl.rl.grade.code.cell;

import java.nio.file.Path;
import java.util.List;

/// The walls of this process, which stand open until they are closed.
sealed interface Walls {
    /// Closes them around a Java program.
    ///
    /// @return the means, for people
    /// @throws Unconfined where they cannot be closed
    String close(CellLimits limits);

    /// Closes them around another program, which may be executed and read what it needs.
    ///
    /// @return the means, for people
    /// @throws Unconfined where they cannot be closed
    String closeAround(CellLimits limits, List<Path> readable);

    /// @throws Unconfined where this machine has none that is known
    Kernel kernel();

    /// @param confined whether there are to be walls; otherwise there are only the limits
    /// @param readable what a Java program may read
    static Walls of(boolean confined, List<Path> readable) {
        try {
            // Linked before the job comes, so that a waiting cell is a warm one.
            Kernel kernel = new Kernel();
            return confined ? new Closed(kernel, readable) : new LimitsOnly(kernel);
        } catch (Unconfined e) {
            return confined ? new Missing(e) : new None();
        }
    }

    /// Files, network, processes and limits.
    record Closed(Kernel kernel, List<Path> readable) implements Walls {
        @Override
        public String close(CellLimits limits) {
            // With it a program could read and write memory as it likes, the seal included.
            if (ModuleLayer.boot().findModule("jdk.unsupported").isPresent()) {
                throw new Unconfined("this JDK's base modules bring sun.misc.Unsafe (jdk.unsupported) with them");
            }
            Confinement.enter(kernel, limits, readable, false);
            return Confinement.means(kernel);
        }

        @Override
        public String closeAround(CellLimits limits, List<Path> readable) {
            Confinement.enter(kernel, limits, readable, true);
            return Confinement.means(kernel);
        }
    }

    /// What the user asks for with `--allow-unconfined`.
    record LimitsOnly(Kernel kernel) implements Walls {
        @Override
        public String close(CellLimits limits) {
            Confinement.limit(kernel, limits);
            return "resource limits only";
        }

        @Override
        public String closeAround(CellLimits limits, List<Path> readable) {
            return close(limits);
        }
    }

    /// The same where not even limits are known.
    record None() implements Walls {
        @Override
        public String close(CellLimits limits) {
            return "nothing";
        }

        @Override
        public String closeAround(CellLimits limits, List<Path> readable) {
            return "nothing";
        }

        @Override
        public Kernel kernel() {
            throw new Unconfined("runner commands need Linux on x86-64 or AArch64");
        }
    }

    /// Nothing is closed or limited around a program of our own; what closing takes is merely loaded and linked.
    record Rehearsed(Walls walls) implements Walls {
        @Override
        public String close(CellLimits limits) {
            if (walls instanceof Closed(var kernel, _)) {
                SeccompFilter.program(kernel.calls(), (int) kernel.require("getpid"), false);
                return Confinement.means(kernel);
            }
            return "nothing";
        }

        @Override
        public String closeAround(CellLimits limits, List<Path> readable) {
            return close(limits);
        }

        @Override
        public Kernel kernel() {
            return walls.kernel();
        }
    }

    /// Wanted, and not to be had.
    record Missing(Unconfined reason) implements Walls {
        @Override
        public String close(CellLimits limits) {
            throw reason;
        }

        @Override
        public String closeAround(CellLimits limits, List<Path> readable) {
            throw reason;
        }

        @Override
        public Kernel kernel() {
            throw reason;
        }
    }
}
