package org.flowrl.gpu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Makes the PTX that is committed beside the kernel sources. After a change of a source, run its `main` from the gpu
/// module's folder on a machine with nvcc (CUDA 13.0), and commit what it writes.
final class PtxCompiler {
    /// For all cards from Ampere on. Contraction is off: what is an fma stands in the sources.
    private static final List<String> FLAGS = List.of("-ptx", "-O3", "-arch=compute_80", "-fmad=false");
    /// The PTX version of CUDA 11.8: drivers of CUDA 12 refuse what nvcc 13 writes, though the text uses nothing newer.
    private static final String VERSION = ".version 7.8";
    /// In names of internal linkage nvcc puts a hash of the folder that the source lies in.
    private static final String PATH_IN_NAMES = "_INTERNAL_[0-9a-f]{8}_";
    private static final String NO_PATH = "_INTERNAL_00000000_";
    private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(.*)\"$");
    private static final String HASH = "// sha256 of source, header and flags: ";

    private PtxCompiler() {
    }

    /// Writes the PTX of all sources.
    ///
    /// @param arguments none
    public static void main(String[] arguments) throws IOException, InterruptedException {
        for (Path source : sources()) {
            Files.writeString(ptx(source), compile(source));
            System.out.println(ptx(source));
        }
    }

    /// All kernel sources.
    static List<Path> sources() throws IOException {
        Path folder = EmulatedCuda.module().resolve("src/main/resources/org/flowrl/gpu");
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".cu")).sorted().toList();
        }
    }

    /// Where the PTX of a source is committed.
    static Path ptx(Path source) {
        return source.resolveSibling(source.getFileName().toString().replace(".cu", ".ptx"));
    }

    /// The first line of a source's PTX.
    static String firstLine(Path source) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path file : withHeaders(source)) {
                digest.update(Files.readAllBytes(file));
            }
            digest.update((FLAGS + VERSION).getBytes(StandardCharsets.UTF_8));
            return HASH + HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A source, and the headers beside it that it includes, and those that they include.
    private static Set<Path> withHeaders(Path source) throws IOException {
        Set<Path> files = new LinkedHashSet<>();
        Deque<Path> open = new ArrayDeque<>(List.of(source));
        while (!open.isEmpty()) {
            Path file = open.remove();
            if (files.add(file)) {
                INCLUDE.matcher(Files.readString(file)).results().map(include -> file.resolveSibling(include.group(1)))
                        .filter(Files::exists).forEach(open::add);
            }
        }
        return files;
    }

    /// The PTX of a source.
    static String compile(Path source) throws IOException, InterruptedException {
        Path out = Files.createTempFile("flowrl", ".ptx");
        try {
            List<String> command = new ArrayList<>(List.of("nvcc"));
            command.addAll(FLAGS);
            command.addAll(List.of("-o", out.toString(), source.toString()));
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String messages = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + "\n" + messages);
            }
            return firstLine(source) + "\n" + Files.readString(out).replaceFirst("(?m)^\\.version .*$", VERSION)
                    .replaceAll(PATH_IN_NAMES, NO_PATH);
        } finally {
            Files.delete(out);
        }
    }
}
