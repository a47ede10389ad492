package org.flowrl.rl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.flowrl.tensor.io.IoFault;

/// Keeps a run folder to one run at a time: a lock of the system's on `.lock` in it, which ends with the process that
/// holds it, however that ends. The file says which process that is.
final class RunLock implements AutoCloseable {
    /// The place that is locked lies behind all content: Windows lets nobody read what is locked.
    private static final long PLACE = Long.MAX_VALUE - 1;

    private static final String NAME = ".lock";

    private final Path file;
    private final FileChannel channel;
    /// Held, since the JVM forgets locks that nobody holds, though the system does not.
    private final FileLock lock;

    private RunLock(Path file, FileChannel channel, FileLock lock) {
        this.file = file;
        this.channel = channel;
        this.lock = lock;
    }

    /// Takes `folder`, which is made where it is absent.
    ///
    /// @throws IllegalStateException where another run has it, of this process or of another one
    static RunLock of(Path folder) {
        Path file = folder.resolve(NAME);
        try {
            Files.createDirectories(folder);
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
            Optional<FileLock> lock = lock(channel);
            if (lock.isEmpty()) {
                channel.close();
                throw new IllegalStateException("train: " + folder + " is being written by another run, of process "
                        + Files.readString(file).strip());
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8)));
            return new RunLock(file, channel, lock.get());
        } catch (IOException e) {
            throw IoFault.writing(file, e);
        }
    }

    /// Refuses a folder that a run is writing, and leaves it as it is.
    ///
    /// @throws IllegalStateException as {@link #of}
    static void requireFree(Path folder) {
        if (Files.exists(folder.resolve(NAME))) {
            of(folder).close();
        }
    }

    private static Optional<FileLock> lock(FileChannel channel) throws IOException {
        try {
            return Optional.ofNullable(channel.tryLock(PLACE, 1, false));
        } catch (OverlappingFileLockException e) {
            // Another run of this process has it.
            return Optional.empty();
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    /// Leaves the folder to others. The file stays, empty: who removed it would take it from under a run that has just
    /// opened it.
    @Override
    public void close() {
        try (channel; lock) {
            channel.truncate(0);
        } catch (IOException e) {
            throw IoFault.writing(file, e);
        }
    }
}
