package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/// A card for tests where there is none: stand-ins for NVIDIA's libraries, whose driver runs the product's kernel
/// sources on the CPU. Built by g++ once for each state of the sources.
///
/// Read `emulator.h` and `driver.cpp` in `src/test/cuda` for what it sees and what it cannot see.
public final class EmulatedCuda {
    private static final List<String> FLAGS = List.of("-O3", "-ffp-contract=off", "-march=native", "-fPIC", "-shared",
            "-fvisibility=hidden", "-Wno-unknown-pragmas");

    private EmulatedCuda() {
    }

    /// From here on this JVM's CUDA libraries are the stand-ins, and every block of device memory lies between guards.
    /// Aborts the calling test, with the reason, where they cannot be built.
    public static void use() {
        System.setProperty(CudaLibrary.FOLDERS, folder().toString());
        System.setProperty(CudaMemory.SLAB_PROPERTY, "0");
    }

    /// The folder with the stand-ins, which are built where they are not there yet.
    public static synchronized Path folder() {
        assumeTrue(System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64"),
                "the emulated card needs Linux on x86-64");
        assumeTrue(runs("g++", "--version"), "the emulated card needs g++, which is not on this machine");
        Path module = module();
        Path tests = module.resolve("src/test/cuda");
        Path kernels = module.resolve("src/main/resources/org/flowrl/gpu");
        Path folder = module.resolve("target/emulator").resolve(hash(tests, kernels)).toAbsolutePath();
        if (!Files.exists(folder.resolve("libcublas.so.12"))) {
            // The driver takes what the compiler reports of accesses, so that its library for that is not needed.
            build(folder, "libcuda.so.1", "g++", "-std=c++17", "-fsanitize=alignment", "-static-libubsan",
                    "-I" + tests, "-I" + kernels, tests.resolve("driver.cpp").toString());
            // cuBLAS puts its work into the driver's streams, and so is linked against the driver.
            build(folder, "libcublas.so.12", "gcc", "-Wl,--version-script=" + tests.resolve("blas.map"),
                    tests.resolve("blas.c").toString(), folder.resolve("libcuda.so.1").toString());
        }
        return folder;
    }

    /// Graphs that the stand-in driver of this JVM has launched.
    public static long graphLaunches() {
        try {
            return (long) emulated("emulatorGraphLaunches", FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Bytes of device memory that the stand-in driver of this JVM has given and not got back.
    @SuppressWarnings("restricted")
    public static long bytesInUse() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
            int code = (int) emulated("cuMemGetInfo_v2", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS, ValueLayout.ADDRESS)).invokeExact(free, total);
            assertThat(code).as("cuMemGetInfo").isZero();
            return total.get(ValueLayout.JAVA_LONG, 0) - free.get(ValueLayout.JAVA_LONG, 0);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Runs `test` on a card whose blocks have no more shared memory than this.
    static void withSharedBytes(int bytes, Runnable test) {
        int before = setSharedBytes(bytes);
        try {
            test.run();
        } finally {
            setSharedBytes(before);
        }
    }

    private static int setSharedBytes(int bytes) {
        try {
            return (int) emulated("emulatorSharedBytes", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT)).invokeExact(bytes);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle emulated(String function, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(CudaLibrary.driver().symbols().find(function).orElseThrow(),
                descriptor);
    }

    /// The gpu module's folder, from itself or from its neighbours.
    static Path module() {
        return Stream.of(Path.of(""), Path.of("../gpu"), Path.of("gpu"))
                .filter(folder -> Files.exists(folder.resolve("src/test/cuda"))).findFirst()
                .orElseThrow(() -> new IllegalStateException("the gpu module is not beside "
                        + Path.of("").toAbsolutePath()));
    }

    private static void build(Path folder, String library, String compiler, String... arguments) {
        try {
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, library, ".part");
            List<String> command = new ArrayList<>(List.of(compiler));
            command.addAll(FLAGS);
            command.add("-Wl,-soname," + library);
            command.addAll(List.of(arguments));
            command.addAll(List.of("-o", part.toString()));
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + "\n" + output);
            }
            Files.move(part, folder.resolve(library), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while building " + library, e);
        }
    }

    /// True where a program is on this machine.
    static boolean runs(String... command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static String hash(Path... folders) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(FLAGS.toString().getBytes(StandardCharsets.UTF_8));
            for (Path folder : folders) {
                try (Stream<Path> files = Files.list(folder)) {
                    for (Path file : files.filter(path -> !path.toString().endsWith(".ptx")).sorted().toList()) {
                        digest.update(Files.readAllBytes(file));
                    }
                }
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
