package org.flowrl.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class IoFaultTest {
    @TempDir
    private Path folder;

    static Stream<Arguments> faults() {
        return Stream.of(
                arguments(new NoSuchFileException("a"), "no such file or folder"),
                arguments(new AccessDeniedException("a"), "permission denied"),
                arguments(new FileAlreadyExistsException("a"), "it exists"),
                arguments(new DirectoryNotEmptyException("a"), "the folder is not empty"),
                arguments(new NotDirectoryException("a"), "it is no folder"),
                arguments(new FileSystemException("a", null, "No space left on device"), "the disk is full"),
                arguments(new FileSystemException("a", null, "Too many open files"), "Too many open files"),
                arguments(new FileSystemException("a"), "FileSystemException"),
                arguments(new FileNotFoundException("a (Permission denied)"), "permission denied"),
                arguments(new FileNotFoundException("gone"), "gone"),
                arguments(new IOException("No space left on device"), "the disk is full"),
                arguments(new IOException("No space left"), "No space left"),
                arguments(new MalformedInputException(1), "it is not UTF-8 text"),
                arguments(new EOFException(), "it ends too early"),
                arguments(new IOException(), "IOException"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void theReasonIsInWordsAndWithoutThePath(IOException fault, String reason) {
        assertThat(IoFault.reason(fault)).isEqualTo(reason);
        assertThat(IoFault.writing(Path.of("a"), fault)).hasMessage("cannot write a: " + reason).hasCause(fault);
        assertThat(IoFault.reading(Path.of("b"), fault)).hasMessage("cannot read b: " + reason);
    }

    @Test
    void aFileInTheFolderIsNamedRatherThanTheFolder() {
        Path run = Path.of("runs", "a");
        assertThat(IoFault.reading(run, new NoSuchFileException(run.resolve("metrics.csv").toString())))
                .hasMessage("cannot read " + run.resolve("metrics.csv") + ": no such file or folder");
    }

    /// What this system says of a folder that is read as a file.
    @Test
    void aFolderIsNoFile() {
        assertThat(readFault(folder)).isIn("it is a folder", "permission denied");
    }

    private static String readFault(Path file) {
        try {
            return "read: " + Files.readString(file);
        } catch (IOException e) {
            return IoFault.reason(e);
        }
    }
}
