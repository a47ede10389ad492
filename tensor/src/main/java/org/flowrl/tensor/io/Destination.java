package org.flowrl.tensor.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.stream.Stream;

/// What can be refused of the place where something is to be written, before the work that makes it. Creates nothing.
public final class Destination {
    private Destination() {
    }

    /// Refuses what exists, or cannot be made.
    ///
    /// @param what says whose place it is, such as `eval: --out`
    /// @throws IllegalArgumentException in the words `WHAT PATH …`
    public static void requireNew(String what, Path path) {
        // A link to nowhere is there, too.
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new IllegalArgumentException(what + " " + path + " exists");
        }
        requireMakeable(what, path, path.toAbsolutePath().getParent());
    }

    /// Refuses a file that cannot be written or replaced.
    ///
    /// @param what as in {@link #requireNew}
    /// @throws IllegalArgumentException in the words `WHAT PATH …`
    public static void requireFile(String what, Path path) {
        if (Files.isDirectory(path)) {
            throw new IllegalArgumentException(what + " " + path + " is a folder; it must be a file or not exist");
        }
        requireReplaceable(what, path);
        // A file is replaced by its name, so it is its folder that must be writable, whatever the file's own rights.
        requireMakeable(what, path, path.toAbsolutePath().getParent());
    }

    /// Refuses a folder that cannot be made, and a file in its place; it may exist and hold something.
    ///
    /// @param what as in {@link #requireNew}
    /// @throws IllegalArgumentException in the words `WHAT PATH …`
    public static void requireFolder(String what, Path path) {
        if (!Files.isDirectory(path)) {
            requireMakeable(what, path, path.toAbsolutePath());
        } else if (!Files.isWritable(path)) {
            throw new IllegalArgumentException(what + " " + path + " is not writable");
        }
    }

    /// Refuses what is there and no file: the rename that ends a write would put a file in the place of a device.
    static void requireReplaceable(String what, Path path) {
        if (Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path)) {
            throw new IllegalArgumentException(what + " " + path + ": it is a device or a pipe; it must be a file or "
                    + "not exist");
        }
    }

    /// True where `path` is a folder with something in it.
    ///
    /// @throws java.io.UncheckedIOException where it is a folder that cannot be read
    public static boolean isOccupied(Path path) {
        if (!Files.isDirectory(path)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(path)) {
            return entries.findAny().isPresent();
        } catch (IOException e) {
            throw IoFault.reading(path, e);
        }
    }

    /// The nearest thing from `place` upwards that exists must be a writable folder. There is none on a drive that is
    /// absent.
    private static void requireMakeable(String what, Path path, Path place) {
        Path above = place;
        while (above != null && !Files.exists(above)) {
            above = above.getParent();
        }
        String reason = above == null ? path.toAbsolutePath().getRoot() + " does not exist"
                : !Files.isDirectory(above) ? above + " is a file"
                : !Files.isWritable(above) ? above + " is not writable" : null;
        if (reason != null) {
            throw new IllegalArgumentException(what + " " + path + " cannot be made: " + reason);
        }
    }
}
