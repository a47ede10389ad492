package org.flowrl.rl.grade.code.cell;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Closes the file system to the calling thread and to all threads and programs that it starts from then on, but for
/// reading below some paths. From the fourth version of the interface TCP is closed too, from the sixth signals and
/// abstract sockets across the border; seccomp closes those in any case.
///
/// What it has no say in is whether a file exists, and its size and times: these a program can still ask for.
///
/// Threads that the JVM started earlier are not covered: collectors, compilers and the like, none of which runs a
/// program's code (`CellMain` says how that is made sure).
final class Landlock {
    private static final int ONLY_SAY_VERSION = 1;
    private static final int RULE_PATH_BENEATH = 1;
    private static final int AT_CURRENT_FOLDER = -100;
    private static final int OPEN_PATH_CLOSE_ON_EXEC = 0x280000;
    private static final long ATTRIBUTE_BYTES = 24;

    private static final long EXECUTE = 1;
    private static final long WRITE_FILE = 1 << 1;
    private static final long READ_FILE = 1 << 2;
    private static final long READ_DIRECTORY = 1 << 3;

    private Landlock() {
    }

    /// The version of the kernel's interface.
    ///
    /// @throws Unconfined where the kernel has none
    static int version(Kernel kernel) {
        return (int) kernel.require("landlock_create_ruleset", 0, 0, ONLY_SAY_VERSION);
    }

    /// @param readable files and folders that may be read, and programs in them executed if the filter lets them
    static void restrict(Kernel kernel, List<Path> readable) {
        int version = version(kernel);
        // struct landlock_ruleset_attr { __u64 handled_access_fs, handled_access_net, scoped; }
        MemorySegment attributes = kernel.memory().allocate(ATTRIBUTE_BYTES, 8);
        attributes.set(ValueLayout.JAVA_LONG, 0, fileAccess(version));
        attributes.set(ValueLayout.JAVA_LONG, 8, version >= 4 ? 0b11 : 0);
        attributes.set(ValueLayout.JAVA_LONG, 16, version >= 6 ? 0b11 : 0);
        long size = version >= 6 ? ATTRIBUTE_BYTES : version >= 4 ? 16 : 8;
        long rules = kernel.require("landlock_create_ruleset", attributes.address(), size);
        for (Path path : readable) {
            allowReading(kernel, rules, path);
        }
        kernel.require("landlock_restrict_self", rules);
    }

    /// Every kind of access that this version can take away: thirteen in the first, then renaming across folders (2),
    /// truncating (3) and commands to devices (5).
    private static long fileAccess(int version) {
        int kinds = 13 + (version >= 2 ? 1 : 0) + (version >= 3 ? 1 : 0) + (version >= 5 ? 1 : 0);
        return (1L << kinds) - 1;
    }

    private static void allowReading(Kernel kernel, long rules, Path path) {
        MemorySegment name = kernel.memory().allocateFrom(path.toString());
        long file = kernel.require("openat", AT_CURRENT_FOLDER, name.address(), OPEN_PATH_CLOSE_ON_EXEC);
        // struct landlock_path_beneath_attr { __u64 allowed_access; __s32 parent_fd; } packed
        MemorySegment rule = kernel.memory().allocate(16, 8);
        long reading = EXECUTE | READ_FILE | (Files.isDirectory(path) ? READ_DIRECTORY : 0);
        rule.set(ValueLayout.JAVA_LONG, 0, path.equals(Path.of("/dev/null")) ? reading | WRITE_FILE : reading);
        rule.set(ValueLayout.JAVA_INT, 8, (int) file);
        kernel.require("landlock_add_rule", rules, RULE_PATH_BENEATH, rule.address());
    }
}
