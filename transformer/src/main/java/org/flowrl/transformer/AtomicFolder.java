package org.flowrl.transformer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.flowrl.tensor.io.Destination;
import org.flowrl.tensor.io.IoFault;

/// Writes a folder whole or not at all: under the temporary name `.NAME.partial` beside it, every file forced to the
/// disk, then renamed. After a crash the target is there complete, or not there; a leftover partial folder is deleted
/// by the next write of the same target.
public final class AtomicFolder {
    /// What goes into the folder.
    @FunctionalInterface
    public interface Content {
        /// Writes all files into `folder`, which exists and is empty.
        void writeTo(Path folder) throws IOException;
    }

    private AtomicFolder() {
    }

    /// Creates `target`; folders above it are created where absent.
    ///
    /// @throws ModelException where `target` exists and is not an empty folder
    /// @throws UncheckedIOException naming `target`, which then does not exist, where something cannot be written
    public static void write(Path target, Content content) {
        Path absolute = target.toAbsolutePath().normalize();
        Path partial = absolute.resolveSibling("." + absolute.getFileName() + ".partial");
        try {
            requireVacant(target);
            Files.createDirectories(absolute.getParent());
            delete(partial);
            Files.createDirectory(partial);
            writeThenRename(partial, absolute, content);
            force(absolute.getParent());
        } catch (IOException e) {
            throw IoFault.doing("cannot write " + target, e);
        }
    }

    private static void requireVacant(Path target) {
        if (Files.exists(target) && (!Files.isDirectory(target) || Destination.isOccupied(target))) {
            throw new ModelException(target + ": exists; a model is written to a new or empty folder");
        }
    }

    private static void writeThenRename(Path partial, Path target, Content content) throws IOException {
        try {
            content.writeTo(partial);
            for (Path path : tree(partial)) {
                force(path);
            }
            Files.deleteIfExists(target);
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException | Error failure) {
            try {
                delete(partial);
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
            throw failure;
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            for (Path path : tree(folder).reversed()) {
                Files.delete(path);
            }
        }
    }

    /// The folder and everything in it, folders before their content.
    private static List<Path> tree(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.sorted(Comparator.comparingInt(Path::getNameCount)).toList();
        }
    }

    /// Makes content or, for a folder, names durable. Only POSIX systems open a folder as a file.
    private static void force(Path path) throws IOException {
        if (!Files.isDirectory(path) || path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            StandardOpenOption mode = Files.isDirectory(path) ? StandardOpenOption.READ : StandardOpenOption.WRITE;
            try (FileChannel channel = FileChannel.open(path, mode)) {
                channel.force(true);
            }
        }
    }
}
