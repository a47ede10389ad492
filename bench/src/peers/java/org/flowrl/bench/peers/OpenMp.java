package org.flowrl.bench.peers;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/// The OpenMP runtime that oneDNN and libtorch share: whichever of the two is loaded first brings it.
final class OpenMp {
    private static final String LIBRARY = System.mapLibraryName("gomp") + ".1";

    private OpenMp() {
    }

    /// `void omp_set_num_threads(int)`: the size of teams that the calling thread starts. Call it after the library
    /// that needs it has been loaded.
    static void setThreads(int threads) {
        try (Arena arena = Arena.ofConfined()) {
            Linker.nativeLinker().downcallHandle(
                    SymbolLookup.libraryLookup(LIBRARY, arena).findOrThrow("omp_set_num_threads"),
                    FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT)).invokeExact(threads);
        } catch (Throwable e) {
            throw new IllegalStateException("omp_set_num_threads of " + LIBRARY, e);
        }
    }
}
