package org.flowrl.rl;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.IoFault;

/// SHA-256 of what a run is made from, in hexadecimal.
public final class Hashes {
    private static final int PIECE = 1 << 20;

    private Hashes() {
    }

    /// Of bytes.
    public static String sha256(byte[] bytes) {
        MessageDigest digest = digest();
        digest.update(bytes);
        return HexFormat.of().formatHex(digest.digest());
    }

    /// Of a file's content.
    public static String sha256(Path file) {
        return sha256(List.of(file));
    }

    /// Of the contents of files, one after the other.
    public static String sha256(List<Path> files) {
        MessageDigest digest = digest();
        byte[] piece = new byte[PIECE];
        for (Path file : files) {
            try (InputStream in = Files.newInputStream(file)) {
                for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                    digest.update(piece, 0, n);
                }
            } catch (IOException e) {
                throw IoFault.reading(file, e);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /// Of a tensor's elements, as they lie in memory.
    public static String sha256(Tensor tensor) {
        MessageDigest digest = digest();
        tensor.readPieces(PIECE, piece -> digest.update(piece.asByteBuffer()));
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
