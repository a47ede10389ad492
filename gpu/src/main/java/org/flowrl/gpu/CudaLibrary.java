package org.flowrl.gpu;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// A shared library of NVIDIA's, looked for in the folders of the system property `gpu.libraries`, then by the loader,
/// then in the folders where driver and toolkit are usually installed. It stays loaded until the JVM ends.
///
/// @param symbols its functions
/// @param place the file, or the name that the loader resolved
record CudaLibrary(SymbolLookup symbols, String place) {
    /// The system property with folders to look in first, separated like a class path.
    static final String FOLDERS = "gpu.libraries";

    /// A library is on none of the usual places; the message says which library and where it was looked for.
    static final class MissingLibraryException extends RuntimeException {
        private static final long serialVersionUID = 1;

        MissingLibraryException(String message) {
            super(message);
        }
    }

    /// The NVIDIA driver's library.
    static CudaLibrary driver() {
        return named(isWindows() ? List.of("nvcuda.dll") : List.of("libcuda.so.1"),
                "it comes with the NVIDIA driver");
    }

    /// cuBLAS of CUDA 13 or 12.
    static CudaLibrary blas() {
        return named(isWindows() ? List.of("cublas64_13.dll", "cublas64_12.dll")
                : List.of("libcublas.so.13", "libcublas.so.12"), "it comes with the CUDA toolkit");
    }

    /// The first of `names` that can be loaded.
    ///
    /// @param origin where it comes from, for the message
    /// @throws MissingLibraryException where none can be
    @SuppressWarnings("restricted")
    static CudaLibrary named(List<String> names, String origin) {
        List<String> refusals = new ArrayList<>();
        for (String name : names) {
            for (Path folder : chosen()) {
                CudaLibrary found = load(folder.resolve(name), refusals);
                if (found != null) {
                    return found;
                }
            }
            try {
                return new CudaLibrary(SymbolLookup.libraryLookup(name, Arena.global()), name);
            } catch (IllegalArgumentException e) {
                // Not known to the loader: the usual folders are next.
            }
            for (Path folder : usual()) {
                CudaLibrary found = load(folder.resolve(name), refusals);
                if (found != null) {
                    return found;
                }
            }
        }
        throw new MissingLibraryException(String.join(" and ", names) + " not found (" + origin + ")"
                + (refusals.isEmpty() ? "" : "; " + String.join("; ", refusals)));
    }

    @SuppressWarnings("restricted")
    private static CudaLibrary load(Path file, List<String> refusals) {
        if (!Files.exists(file)) {
            return null;
        }
        try {
            return new CudaLibrary(SymbolLookup.libraryLookup(file, Arena.global()), file.toString());
        } catch (IllegalArgumentException e) {
            refusals.add(file + " cannot be loaded: " + e.getMessage());
            return null;
        }
    }

    private static List<Path> chosen() {
        String property = System.getProperty(FOLDERS, "");
        return Stream.of(property.split(File.pathSeparator)).filter(folder -> !folder.isEmpty()).map(Path::of).toList();
    }

    private static List<Path> usual() {
        Stream<String> toolkits = Stream.of("CUDA_PATH", "CUDA_HOME").map(System::getenv)
                .filter(folder -> folder != null && !folder.isEmpty());
        if (isWindows()) {
            return toolkits.map(folder -> Path.of(folder, "bin")).toList();
        }
        return Stream.concat(toolkits.flatMap(folder -> Stream.of(folder + "/lib64", folder + "/lib")),
                Stream.of("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib/wsl/lib", "/usr/local/nvidia/lib64",
                        "/usr/local/cuda/lib64", "/usr/local/cuda/targets/x86_64-linux/lib", "/opt/cuda/lib64"))
                .map(Path::of).toList();
    }

    static boolean isWindows() {
        return System.getProperty("os.name").startsWith("Windows");
    }
}
