package org.flowrl.tensor.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What is wrong with a file, in one line that names it once and says why in words: Java's own messages are often the
/// path alone.
public final class IoFault {
    private static final String MISSING = "no such file or folder";
    private static final String DENIED = "permission denied";
    /// What systems say, and what we say.
    private static final Map<String, String> WORDS = Map.of(
            "No space left on device", "the disk is full",
            "There is not enough space on the disk", "the disk is full",
            "Disk quota exceeded", "the disk quota is used up",
            "File too large", "it is larger than the file system or a limit (ulimit -f) allows",
            "Is a directory", "it is a folder",
            "Not a directory", "a part of its path is a file",
            "Read-only file system", "the file system is read-only",
            "No such file or directory", MISSING,
            "Permission denied", DENIED);
    /// How `java.io` puts its messages: path and reason.
    private static final Pattern PATH_AND_REASON = Pattern.compile(".* \\((.*)\\)");

    private IoFault() {
    }

    /// The exception to throw where `source` cannot be read: `cannot read runs/a/config.yaml: no such file or folder`.
    public static UncheckedIOException reading(Path source, IOException e) {
        return doing("cannot read " + place(source, e), e);
    }

    /// The exception to throw where `target` cannot be written: `cannot write runs/a/metrics.csv: the disk is full`.
    public static UncheckedIOException writing(Path target, IOException e) {
        return doing("cannot write " + place(target, e), e);
    }

    /// The exception to throw where something else failed.
    ///
    /// @param what with the file's name, if there is one
    public static UncheckedIOException doing(String what, IOException e) {
        return new UncheckedIOException(what + ": " + reason(e), e);
    }

    /// What went wrong, in words, without the file's name.
    public static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> MISSING;
            case AccessDeniedException _ -> DENIED;
            case FileAlreadyExistsException _ -> "it exists";
            case DirectoryNotEmptyException _ -> "the folder is not empty";
            case NotDirectoryException _ -> "it is no folder";
            case FileSystemException other -> inWords(other.getReason(), other);
            case FileNotFoundException old -> {
                Matcher parts = PATH_AND_REASON.matcher(String.valueOf(old.getMessage()));
                yield inWords(parts.matches() ? parts.group(1) : old.getMessage(), old);
            }
            case CharacterCodingException _ -> "it is not UTF-8 text";
            case EOFException _ -> "it ends too early";
            case JsonProcessingException json -> JsonFault.reason(json);
            default -> inWords(e.getMessage(), e);
        };
    }

    private static String inWords(String reason, IOException e) {
        return Optional.ofNullable(reason).map(said -> WORDS.getOrDefault(said, said))
                .orElse(e.getClass().getSimpleName());
    }

    /// A file in a folder is named rather than the folder.
    private static String place(Path file, IOException e) {
        return e instanceof FileSystemException inner && inner.getFile() != null
                && Path.of(inner.getFile()).startsWith(file) ? inner.getFile() : file.toString();
    }
}
