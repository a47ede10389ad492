package org.flowrl.tensor.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Files made by hand for the tests of this package, right and wrong ones.
final class SafetensorsBytes {
    /// One F32 tensor in the first four data bytes.
    static final String ONE_FLOAT = "{'dtype':'F32','shape':[1],'data_offsets':[0,4]}";

    private SafetensorsBytes() {
    }

    /// A file of this header, without padding, and `dataBytes` zero bytes. Single quotes stand for double ones.
    static Path file(Path folder, String header, int dataBytes) {
        return file(folder, header.replace('\'', '"').getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    /// A file of these header bytes and `dataBytes` zero bytes.
    static Path file(Path folder, byte[] header, int dataBytes) {
        return file(folder, header.length, header, dataBytes);
    }

    /// A file that states `length` as its header's length, whatever the header's is.
    static Path file(Path folder, long length, byte[] header, int dataBytes) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(length).put(header);
        return write(folder, bytes.array());
    }

    /// A file of exactly these bytes.
    static Path write(Path folder, byte[] bytes) {
        try {
            return Files.write(folder.resolve("case.safetensors"), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
