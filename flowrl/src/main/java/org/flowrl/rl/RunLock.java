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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.flowrl.tensor.io.IoFault;

/// Keeps a folder to one run, or one comparison, at a time: a lock of the system's on `.lock` in it, which ends with
/// the process that holds it, however that ends. The file says which process that is.
///
/// A process that closes any channel of a file lets go of all its locks on it (POSIX), so the runs of one process are
/// kept apart before the file is opened.
public final class RunLock implements AutoCloseable {
    /// The place that is locked lies behind all content: Windows lets nobody read what is locked.
    private static final long PLACE = Long.MAX_VALUE - 1;

    private static final String NAME = ".lock";
    private static final String PROCESS = Long.toString(ProcessHandle.current().pid());

    /// The folders that runs of this process hold. Static as the system's lock is: it belongs to the process.
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path held;
    private final Path file;
    private final FileChannel channel;
    /// Held, since the JVM forgets locks that nobody holds, though the system does not.
    private final FileLock lock;

    private RunLock(Path held, Path file, FileChannel channel, FileLock lock) {
        this.held = held;
        this.file = file;
        this.channel = channel;
        this.lock = lock;
    }

    /// Takes `folder`, which is made where it is absent.
    ///
    /// @param command who wants it, for the message
    /// @throws IllegalStateException where another run has it, of this process or of another one
    public static RunLock of(String command, Path folder) {
        Path file = folder.resolve(NAME);
        try {
            Files.createDirectories(folder);
            Path held = folder.toRealPath();
            if (!HELD.add(held)) {
                throw taken(command, folder, PROCESS);
            }
            try {
                return locked(command, folder, held, file);
            } catch (IOException | RuntimeException | Error e) {
                HELD.remove(held);
                throw e;
            }
        } catch (IOException e) {
            throw IoFault.writing(file, e);
        }
    }

    private static RunLock locked(String command, Path folder, Path held, Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        Optional<FileLock> lock = lock(channel);
        if (lock.isEmpty()) {
            channel.close();
            throw taken(command, folder, Files.readString(file).strip());
        }
        channel.truncate(0);
        channel.write(ByteBuffer.wrap((PROCESS + "\n").getBytes(StandardCharsets.UTF_8)));
        return new RunLock(held, file, channel, lock.get());
    }

    private static IllegalStateException taken(String command, Path folder, String process) {
        return new IllegalStateException(command + ": " + folder + " is being written by another run, of process "
                + process);
    }

    /// Refuses a folder that a run is writing, and leaves it as it is.
    ///
    /// @throws IllegalStateException as {@link #of}
    public static void requireFree(String command, Path folder) {
        if (Files.exists(folder.resolve(NAME))) {
            of(command, folder).close();
        }
    }

    private static Optional<FileLock> lock(FileChannel channel) throws IOException {
        try {
            return Optional.ofNullable(channel.tryLock(PLACE, 1, false));
        } catch (OverlappingFileLockException e) {
            // This program has it, loaded a second time into this process.
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
        } finally {
            HELD.remove(held);
        }
    }
}
