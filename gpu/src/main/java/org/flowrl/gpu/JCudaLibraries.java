package org.flowrl.gpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jcuda.LogLevel;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;

/// Loads JCuda's native libraries out of its jars, and before them those of NVIDIA's that they are linked against, from
/// the places that {@link CudaLibrary} knows and the loader may not.
final class JCudaLibraries {
    private static final String TEMPORARY_FOLDER = "java.io.tmpdir";

    private JCudaLibraries() {
    }

    /// Loads what is not loaded yet.
    ///
    /// JCuda extracts into the folder of temporary files, where it takes a file of the right name for its own, whoever
    /// put it there. While it loads, that folder is a new one which nobody else can write to.
    ///
    /// @throws CudaLibrary.MissingLibraryException where a library is missing or does not fit
    static synchronized void load() {
        CudaLibrary.driver();
        blas();
        String usual = System.getProperty(TEMPORARY_FOLDER);
        try {
            // Only its owner may enter it, where the file system knows owners.
            Path folder = Files.createTempDirectory("flowrl-jcuda");
            try {
                System.setProperty(TEMPORARY_FOLDER, folder.toString());
                JCudaDriver.setLogLevel(LogLevel.LOG_QUIET);
                JCublas2.initialize();
            } finally {
                System.setProperty(TEMPORARY_FOLDER, usual);
                delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("JCuda's libraries cannot be extracted: " + e.getMessage(), e);
        } catch (UnsatisfiedLinkError e) {
            throw new CudaLibrary.MissingLibraryException("JCuda's libraries cannot be loaded: "
                    + reason(e.getMessage()));
        }
    }

    /// cuBLAS of CUDA 12, the only one that JCublas 12 can do with.
    ///
    /// @throws CudaLibrary.MissingLibraryException where it is missing
    static CudaLibrary blas() {
        return CudaLibrary.named(List.of(CudaLibrary.isWindows() ? "cublas64_12.dll" : "libcublas.so.12"),
                "JCuda 12 is linked against that of CUDA 12");
    }

    /// A loaded library does not need its file any more; one that cannot be deleted yet (on Windows) goes with the JVM.
    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            files.forEach(file -> {
                if (!file.toFile().delete()) {
                    file.toFile().deleteOnExit();
                }
            });
        }
        if (!folder.toFile().delete()) {
            folder.toFile().deleteOnExit();
        }
    }

    /// The line of JCuda's long message that names the cause.
    private static String reason(String message) {
        return message.lines().filter(line -> line.contains("UnsatisfiedLinkError")).map(String::strip)
                .reduce((first, second) -> second).orElse(message.lines().findFirst().orElse(""));
    }
}
