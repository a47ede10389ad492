package org.flowrl.rl.grade.code.cell;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/// Gives up, for good, what this process may do to the rest of the machine.
final class Confinement {
    private static final int SET_NO_NEW_PRIVILEGES = 38;
    private static final int DROP_FROM_BOUNDING_SET = 24;
    private static final int LAST_CAPABILITY = 63;
    private static final int CAPABILITY_VERSION_3 = 0x20080522;

    private static final int REAL_TIME = 0;
    private static final int CPU_SECONDS = 0;
    private static final int FILE_BYTES = 1;
    private static final int DATA_BYTES = 2;
    private static final int CORE_BYTES = 4;
    private static final int OPEN_FILES = 7;
    /// A program's own streams, the JDK's archives and libraries, and some to spare.
    private static final long MAX_OPEN_FILES = 128;

    private Confinement() {
    }

    /// The kernel means that {@link #enter} uses here.
    ///
    /// @throws Unconfined where one is missing
    static String means(Kernel kernel) {
        return "Landlock (version " + Landlock.version(kernel) + ") and seccomp on " + kernel.calls().architecture();
    }

    /// Sets the limits, drops all capabilities, then closes files (but for reading below `readable`), network and
    /// processes.
    static void enter(Kernel kernel, CellLimits limits, List<Path> readable, boolean mayExecute) {
        limit(kernel, limits);
        kernel.require("prctl", SET_NO_NEW_PRIVILEGES, 1);
        dropCapabilities(kernel);
        Landlock.restrict(kernel, readable);
        SeccompFilter.install(kernel, mayExecute);
    }

    /// The limits alone, where the user has allowed programs to run unconfined.
    static void limit(Kernel kernel, CellLimits limits) {
        alarm(kernel, limits.wallSeconds());
        limit(kernel, CPU_SECONDS, limits.cpuSeconds());
        limit(kernel, FILE_BYTES, 0);
        limit(kernel, DATA_BYTES, limits.dataBytes());
        limit(kernel, CORE_BYTES, 0);
        limit(kernel, OPEN_FILES, MAX_OPEN_FILES);
    }

    /// The process's death by SIGALRM, which no code in a JVM can put off.
    private static void alarm(Kernel kernel, long seconds) {
        // struct itimerval { struct timeval it_interval, it_value; }, a timeval being seconds and microseconds
        MemorySegment timer = kernel.memory().allocate(32, 8);
        timer.set(ValueLayout.JAVA_LONG, 16, seconds);
        kernel.require("setitimer", REAL_TIME, timer.address(), 0);
    }

    private static void limit(Kernel kernel, int resource, long value) {
        // struct rlimit64 { __u64 rlim_cur, rlim_max; }; a hard CPU limit a second later, should SIGXCPU be caught
        MemorySegment limit = kernel.memory().allocate(16, 8);
        limit.set(ValueLayout.JAVA_LONG, 0, value);
        limit.set(ValueLayout.JAVA_LONG, 8, resource == CPU_SECONDS ? value + 1 : value);
        kernel.require("prlimit64", 0, resource, limit.address(), 0);
    }

    /// A root without capabilities can raise no limit; one that has been dropped from the bounding set does not come
    /// back with another program. Where the caller has none to begin with, there is nothing to drop.
    private static void dropCapabilities(Kernel kernel) {
        for (int capability = 0; capability <= LAST_CAPABILITY; capability++) {
            kernel.attempt("prctl", DROP_FROM_BOUNDING_SET, capability);
        }
        // struct __user_cap_header_struct { __u32 version; int pid; }
        MemorySegment header = kernel.memory().allocate(8, 8);
        header.set(ValueLayout.JAVA_INT, 0, CAPABILITY_VERSION_3);
        MemorySegment none = kernel.memory().allocate(24, 8);
        kernel.require("capset", header.address(), none.address());
    }
}
