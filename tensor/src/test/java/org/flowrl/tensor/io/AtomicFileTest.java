package org.flowrl.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    private Path folder;

    @Test
    void aFileIsCreatedOrReplacedAndNothingElseIsLeft() {
        Path target = folder.resolve("file");
        for (String content : List.of("first", "second, longer", "")) {
            AtomicFile.write(target, channel -> channel.write(bytes(content)));
            assertThat(target).hasContent(content);
            assertThat(folder).isDirectoryNotContaining(file -> !file.equals(target));
        }
    }

    @Test
    void readersSeeTheOldFileUntilTheNewOneIsComplete() throws IOException {
        Path target = Files.writeString(folder.resolve("file"), "old");
        AtomicFile.write(target, channel -> {
            channel.write(bytes("new"));
            assertThat(target).hasContent("old");
        });
        assertThat(target).hasContent("new");
    }

    /// The file that was written is the one that is there, so no reader meets a copy half made; a name that led
    /// elsewhere leads there no more.
    @Test
    void theWrittenFileIsRenamedAndReplacesALinkOfItsName() throws IOException {
        Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "old");
        Path target = Files.createSymbolicLink(folder.resolve("file"), elsewhere);
        List<Object> written = new ArrayList<>();
        AtomicFile.write(target, channel -> {
            channel.write(bytes("new"));
            try (Stream<Path> files = Files.list(folder)) {
                Path partial = files.filter(file -> file.toString().endsWith(".partial")).findFirst().orElseThrow();
                written.add(Files.readAttributes(partial, BasicFileAttributes.class).fileKey());
            }
        });
        assertThat(elsewhere).hasContent("old");
        assertThat(target).isRegularFile().hasContent("new");
        assertThat(Files.isSymbolicLink(target)).isFalse();
        assertThat(written).containsExactly(Files.readAttributes(target, BasicFileAttributes.class).fileKey());
    }

    @Test
    void aFailureHalfwayLeavesTheOldFileAndNoPart() throws IOException {
        Path target = Files.writeString(folder.resolve("file"), "old");
        IOException full = new IOException("No space left on device");
        assertThatThrownBy(() -> AtomicFile.write(target, channel -> {
            channel.write(bytes("half of the n"));
            throw full;
        })).isInstanceOf(UncheckedIOException.class).hasCause(full)
                .hasMessage("cannot write " + target + ": the disk is full");
        assertThatThrownBy(() -> AtomicFile.write(target, channel -> {
            channel.write(bytes("half"));
            throw new IllegalStateException("interrupted by the test");
        })).isInstanceOf(IllegalStateException.class).hasMessage("interrupted by the test");
        assertThat(target).hasContent("old");
        assertThat(folder).isDirectoryNotContaining(file -> !file.equals(target));
    }

    @Test
    void aFolderIsNotReplaced() throws IOException {
        Path target = Files.createDirectory(folder.resolve("directory"));
        Files.createFile(target.resolve("inside"));
        assertThatThrownBy(() -> AtomicFile.write(target, channel -> channel.write(bytes("x"))))
                .isInstanceOf(UncheckedIOException.class).hasMessageStartingWith("cannot write " + target);
        assertThat(folder).isDirectoryNotContaining(file -> !file.equals(target));
        assertThat(target).isDirectoryContaining(file -> file.endsWith("inside"));
    }

    /// The rename would put a file in a device's place.
    @Test
    void aDeviceIsNotReplaced() throws IOException {
        Path device = Path.of("/dev/null");
        assumeTrue(Files.exists(device), "this system has no /dev/null");
        Path link = Files.createSymbolicLink(folder.resolve("link"), device);
        for (Path target : List.of(device, link)) {
            assertThatThrownBy(() -> AtomicFile.write(target, "text")).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("cannot write " + target
                            + ": it is a device or a pipe; it must be a file or not exist");
        }
        assertThat(Files.isRegularFile(device)).isFalse();
        assertThat(link).isSymbolicLink();
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
