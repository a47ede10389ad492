package org.flowrl.tensor.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// A safetensors file, open for reading: its tensors are the mapped file itself, without a copy.
///
/// ```java
/// try (Scope scope = run.child("load")) {
///     Safetensors file = Safetensors.open(path, scope);
///     Tensor weight = file.tensor("model.norm.weight");
///     Safetensors.write(target, Map.of("w", weight), Map.of("format", "pt"));
/// }
/// ```
///
/// The file must not be changed in place while it is open: the tensors would change with it, and where it became
/// shorter the JVM throws an `InternalError`. {@link #write} replaces files instead, so a folder can be saved over the
/// files it was loaded from (on Windows once they are closed). Tensors of an open file are for reading: its pages
/// cannot be written.
public final class Safetensors {
    /// Bytes that one call hands to the operating system.
    private static final int CHUNK_BYTES = 64 << 20;

    private final Path path;
    private final Scope scope;
    private final SafetensorsHeader header;
    private final SequencedMap<String, SafetensorsEntry> entries;
    private final long dataOffset;
    private final MemorySegment data;

    private Safetensors(Path path, Scope scope, SafetensorsHeader header, MemorySegment file) {
        this.path = path;
        this.scope = scope;
        this.header = header;
        this.dataOffset = file.byteSize() - header.dataBytes(); // the data ends with the file
        this.data = file.asSlice(dataOffset);
        SequencedMap<String, SafetensorsEntry> byName = new LinkedHashMap<>();
        header.entries().forEach(entry -> byName.put(entry.name(), entry));
        this.entries = Collections.unmodifiableSequencedMap(byName);
    }

    /// The file at `path`, its header checked whole before this returns. The mapping ends with `scope`.
    ///
    /// @throws SafetensorsException where the file breaks a rule of the format, or holds a type that
    ///         {@link org.flowrl.tensor.DType} lacks
    /// @throws UncheckedIOException where it cannot be read; the message names the file
    public static Safetensors open(Path path, Scope scope) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            SafetensorsHeader header = HeaderParser.read(path, channel);
            // Shared, since the threads of a backend read weights where they lie.
            Arena arena = Arena.ofShared();
            scope.onClose(arena::close);
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new Safetensors(path, scope, header, file);
        } catch (IOException e) {
            throw IoFault.reading(path, e);
        }
    }

    /// Writes tensors to a new file that replaces `path` once it is complete and on the disk (see {@link AtomicFile});
    /// its folder must exist.
    ///
    /// The bytes depend on the arguments' content alone, not on the order of the maps: tensors lie by type, widest
    /// first, then by name; metadata by key, left out where empty; the header is padded with spaces to a multiple of
    /// 8 bytes. With at most one metadata entry they are those that the reference implementation writes. Elements are
    /// written as they are; a conversion to a storage type is the caller's.
    ///
    /// @param tensors  live tensors; those on a card come to the host piece by piece
    /// @param metadata free text, such as `{"format": "pt"}`
    /// @throws IllegalArgumentException where a name or text has no UTF-8 form, a tensor is named `__metadata__`, or
    ///         the header would exceed 100,000,000 bytes
    /// @throws IllegalStateException where a tensor's scope has ended or its device holds no values; nothing is written
    /// @throws UncheckedIOException where the file cannot be written; the message names it, and an older file of the
    ///         name stays as it was
    public static void write(Path path, Map<String, Tensor> tensors, Map<String, String> metadata) {
        SafetensorsHeader header = SafetensorsHeader.layout(tensors, metadata);
        List<Tensor> data = header.entries().stream().map(entry -> tensors.get(entry.name())).toList();
        // A tensor that has ended is refused before the first byte.
        data.forEach(Tensor::address);
        ByteBuffer head = header.encode();
        AtomicFile.write(path, channel -> {
            writeFully(channel, head);
            for (Tensor tensor : data) {
                tensor.readPieces(CHUNK_BYTES, piece -> writeFully(channel, piece.asByteBuffer()));
            }
        });
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// The file's name, as given to {@link #open}.
    public Path path() {
        return path;
    }

    /// The names of the tensors, in the order of their data; empty tensors at one place in the header's order.
    public Set<String> names() {
        return entries.keySet();
    }

    /// What the header declares, in the order of {@link #names}.
    public List<SafetensorsEntry> entries() {
        return header.entries();
    }

    /// What the header declares about one tensor, or empty where the file does not hold it.
    public Optional<SafetensorsEntry> entry(String name) {
        return Optional.ofNullable(entries.get(name));
    }

    /// True where the file holds a tensor of this name.
    public boolean has(String name) {
        return entries.containsKey(name);
    }

    /// The file's free text, in the order of the header; empty where there is none.
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// The file's byte that the offsets of {@link SafetensorsEntry} are counted from.
    public long dataOffset() {
        return dataOffset;
    }

    /// A tensor over the file's bytes; it ends with the scope given to {@link #open}. Its address is aligned to its
    /// element where the writer saw to that, as {@link #write} does.
    ///
    /// @throws SafetensorsException where the file holds no tensor of this name
    /// @throws IllegalStateException where the scope is closed
    public Tensor tensor(String name) {
        SafetensorsEntry entry = entry(name).orElseThrow(() -> new SafetensorsException(path,
                SafetensorsHeader.LENGTH_BYTES, "the header has no tensor '" + name + "' among its "
                + entries.size() + " tensors"));
        if (!scope.isOpen()) {
            throw new IllegalStateException("tensor '" + name + "' of " + path + " was asked for after the end of its"
                    + " scope '" + scope.name() + "'");
        }
        return scope.wrap(data.asSlice(entry.begin(), entry.bytes()), entry.dtype(), entry.shape());
    }

    /// The file's name and number of tensors.
    @Override
    public String toString() {
        return "Safetensors " + path + " (" + entries.size() + " tensors)";
    }
}
