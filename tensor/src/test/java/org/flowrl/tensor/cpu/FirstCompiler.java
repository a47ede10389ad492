package org.flowrl.tensor.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Asks the first JIT compiler (C1) whether it can compile the kernels with profiling, which is level 3.
///
/// The JVM compiles a method at level 2 or 3 first and asks the second compiler (C2) once level 3 has a profile. A
/// method that is too large for level 3 (`out of virtual registers in LIR generator`) may therefore, in some runs and
/// not in others, never reach C2 and run a hundred times slower for the life of the JVM.
final class FirstCompiler {
    /// Compiles in the foreground and after a fiftieth of the usual number of calls, and prints each compilation.
    private static final String FLAGS =
            "-Xbatch -XX:TieredStopAtLevel=3 -XX:CompileThresholdScaling=0.02 -XX:+PrintCompilation ";
    /// What is printed of a compilation, such as `123  45 %  b  3  org.flowrl.tensor.cpu.VectorTile::rows6 @ 7 (9
    /// bytes)   COMPILE SKIPPED: out of virtual registers in LIR generator`: level, class and method.
    private static final Pattern COMPILATION = Pattern.compile("\\s+(\\d)\\s+([\\w.$]+)::([\\w$<>]+) ");

    private FirstCompiler() {
    }

    /// What C1 did in one JVM.
    ///
    /// @param compiled methods compiled with profiling, as `Class::method` without the package
    /// @param refused lines of refused compilations
    record Verdict(Set<String> compiled, List<String> refused) {
    }

    /// Runs a program and reads what C1 compiled.
    static Verdict of(String flags, Class<?> program, String... arguments) {
        Set<String> compiled = new TreeSet<>();
        List<String> refused = new ArrayList<>();
        for (String line : FreshJvm.run(FLAGS + flags, program, arguments)) {
            Matcher matcher = COMPILATION.matcher(line);
            if (line.contains("COMPILE SKIPPED") || line.contains("not compilable")) {
                refused.add(line.strip());
            } else if (matcher.find() && matcher.group(1).equals("3")) {
                compiled.add(matcher.group(2).substring(matcher.group(2).lastIndexOf('.') + 1) + "::"
                        + matcher.group(3));
            }
        }
        return new Verdict(compiled, refused);
    }
}
