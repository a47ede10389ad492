package org.flowrl.tensor.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/// Writes a file whole or not at all: under a temporary name in the same folder, forced to the disk, then renamed.
///
/// A reader sees the old file or the new one, never a part; so does whoever looks after a crash, beside perhaps a
/// leftover `.NAME.*.partial`. A mapping of the old file stays valid and keeps its bytes where the system allows a
/// mapped file to be replaced (Windows does not).
public final class AtomicFile {
    /// What goes into the file.
    @FunctionalInterface
    public interface Content {
        /// Writes all bytes to `channel`, which is at the start of an empty file.
        void writeTo(FileChannel channel) throws IOException;
    }

    private AtomicFile() {
    }

    /// Creates or replaces `target`, whose folder must exist. A symbolic link of that name is replaced, not followed.
    ///
    /// @throws IllegalArgumentException where `target` is a device or a pipe, or a link to one
    /// @throws UncheckedIOException naming `target`, which is then as it was before
    public static void write(Path target, Content content) {
        Destination.requireReplaceable("cannot write", target);
        Path folder = target.toAbsolutePath().getParent();
        Path partial = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".partial");
        try {
            writeThenRename(partial, target, content);
            forceFolder(folder);
        } catch (IOException e) {
            throw IoFault.doing("cannot write " + target, e);
        }
    }

    /// As {@link #write(Path, Content)}, of a text in UTF-8.
    public static void write(Path target, String text) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        write(target, channel -> {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    private static void writeThenRename(Path partial, Path target, Content content) throws IOException {
        try {
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException | Error failure) {
            try {
                Files.deleteIfExists(partial);
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
            throw failure;
        }
    }

    /// Makes the rename itself durable. Only POSIX systems open a folder as a file.
    private static void forceFolder(Path folder) throws IOException {
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
