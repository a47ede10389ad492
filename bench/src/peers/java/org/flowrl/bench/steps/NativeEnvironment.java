package org.flowrl.bench.steps;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Variables of this process's own environment, which native libraries read when they are loaded.
final class NativeEnvironment {
    /// `int setenv(const char *name, const char *value, int overwrite)` of POSIX.
    private final MethodHandle setenv;

    // Native access is what this class is for; the program that runs it enables it.
    @SuppressWarnings("restricted")
    NativeEnvironment() {
        Linker linker = Linker.nativeLinker();
        MemorySegment address = linker.defaultLookup().findOrThrow("setenv");
        this.setenv = linker.downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    }

    /// Sets a variable, unless whoever started the program has set it.
    void setDefault(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            int code = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
            if (code != 0) {
                throw new IllegalStateException("setenv: " + name + "=" + value + " gave code " + code);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("setenv: " + name, e);
        }
    }
}
