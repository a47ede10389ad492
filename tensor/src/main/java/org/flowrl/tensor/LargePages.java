package org.flowrl.tensor;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/// Memory that Linux is asked to back by transparent huge pages, through mmap and madvise.
///
/// Weights that are streamed once a token miss the translation buffer at every 4 KiB page, and the processor's prefetch
/// ends there: two threads read a gigabyte at 33 GB/s in small pages and at 45 in large ones (Zen 4). The heap and
/// malloc ask for none where the system's setting is `madvise`, which is usual. It is advice: a system that gives no
/// large pages gives small ones.
final class LargePages {
    /// Of x86-64, and of ARM with pages of 4 KiB; where pages are larger, this alignment does no harm.
    static final long BYTES = 2L << 20;

    private static final int READ_WRITE = 3;
    private static final int PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_HUGEPAGE = 14;
    private static final long FAILED = -1;

    private LargePages() {
    }

    /// True on Linux.
    static boolean areThere() {
        return System.getProperty("os.name").equals("Linux");
    }

    /// Zeroed memory that begins at a large page's boundary and goes back to the system with `arena`.
    @SuppressWarnings("restricted")
    static MemorySegment allocate(long bytes, Arena arena) {
        long mapped = bytes + BYTES;
        long address = Calls.map(mapped);
        if (address == FAILED) {
            throw new OutOfMemoryError(String.format(Locale.ROOT, "host memory: the system has no %,d bytes", bytes));
        }
        long first = Math.ceilDiv(address, BYTES) * BYTES;
        Calls.advise(first, bytes);
        return MemorySegment.ofAddress(first).reinterpret(bytes, arena, _ -> Calls.unmap(address, mapped));
    }

    /// The C library's functions, bound when the first large block is asked for.
    @SuppressWarnings("restricted")
    private static final class Calls {
        private static final MethodHandle MMAP =
                bind("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
        private static final MethodHandle MADVISE = bind("madvise", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
        private static final MethodHandle MUNMAP = bind("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);

        private static MethodHandle bind(String name, MemoryLayout result, MemoryLayout... arguments) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name),
                    FunctionDescriptor.of(result, arguments));
        }

        static long map(long bytes) {
            try {
                return (long) MMAP.invokeExact(0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
            } catch (Throwable e) {
                throw new AssertionError("mmap throws nothing", e);
            }
        }

        static void advise(long address, long bytes) {
            try {
                int _ = (int) MADVISE.invokeExact(address, bytes, MADV_HUGEPAGE); // advice, which may be refused
            } catch (Throwable e) {
                throw new AssertionError("madvise throws nothing", e);
            }
        }

        static void unmap(long address, long bytes) {
            int result;
            try {
                result = (int) MUNMAP.invokeExact(address, bytes);
            } catch (Throwable e) {
                throw new AssertionError("munmap throws nothing", e);
            }
            if (result != 0) {
                throw new IllegalStateException(String.format(Locale.ROOT,
                        "munmap of %,d bytes at %#x failed", bytes, address));
            }
        }
    }
}
