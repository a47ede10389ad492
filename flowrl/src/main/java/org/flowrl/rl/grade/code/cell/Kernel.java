package org.flowrl.rl.grade.code.cell;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// System calls of the running kernel. Each is made on the calling thread, which is what Landlock's answer depends on.
final class Kernel {
    private static final int MAX_ARGUMENTS = 5;

    // The kernel is used until the process ends.
    private final Arena arena = Arena.global();
    private final SystemCall calls = SystemCall.ofThisMachine();
    private final MethodHandle syscall;
    private final VarHandle errno;
    private final MemorySegment state;

    @SuppressWarnings("restricted") // the cell's module alone has native access
    Kernel() {
        Linker linker = Linker.nativeLinker();
        MemoryLayout captured = Linker.Option.captureStateLayout();
        // long syscall(long number, ...);
        syscall = linker.downcallHandle(linker.defaultLookup().findOrThrow("syscall"),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
                Linker.Option.firstVariadicArg(1), Linker.Option.captureCallState("errno"));
        errno = captured.varHandle(MemoryLayout.PathElement.groupElement("errno"));
        state = arena.allocate(captured);
    }

    SystemCall calls() {
        return calls;
    }

    /// Memory that lives as long as this object, for arguments that are read by address.
    Arena memory() {
        return arena;
    }

    /// Makes a call and returns its result, which is not negative.
    ///
    /// @param arguments at most five; those left out are 0
    /// @throws Unconfined where the kernel refuses, with its error number
    long require(String name, long... arguments) {
        long result = attempt(name, arguments);
        if (result < 0) {
            throw new Unconfined(name + " failed: " + describe((int) -result));
        }
        return result;
    }

    /// Makes a call and returns its result, or minus the error number.
    long attempt(String name, long... arguments) {
        long[] a = Arrays.copyOf(arguments, MAX_ARGUMENTS);
        try {
            long result = (long) syscall.invokeExact(state, (long) calls.number(name), a[0], a[1], a[2], a[3], a[4]);
            return result < 0 ? -(int) errno.get(state, 0L) : result;
        } catch (Throwable e) {
            // A downcall handle declares Throwable and throws nothing but what is wrong with its use.
            throw new AssertionError(name, e);
        }
    }

    private static String describe(int error) {
        return switch (error) {
            case 1 -> "not permitted (EPERM)";
            case 2 -> "no such file (ENOENT)";
            case 13 -> "access denied (EACCES)";
            case 22 -> "invalid argument (EINVAL)";
            case 38 -> "not in this kernel (ENOSYS)";
            case 95 -> "switched off at boot (EOPNOTSUPP)";
            default -> "error " + error;
        };
    }
}
