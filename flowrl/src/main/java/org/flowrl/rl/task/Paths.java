package org.flowrl.rl.task;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flowrl.tensor.RandomKey;

/// Paths on a grid as text: strings of a given number of symbols `R` (right) and `U` (up).
final class Paths {
    static final char RIGHT = 'R';
    static final char UP = 'U';

    private final int length;
    private final List<String> all;
    /// Made once: in early training it is the verdict of most responses.
    private final Optional<Verdict> unfinished;

    /// @param length symbols in a path; all 2^length paths are listed
    Paths(int length) {
        this.length = length;
        this.all = IntStream.range(0, 1 << length).mapToObj(this::path).toList();
        this.unfinished = unparsable("not finished after " + (length + 1) + " tokens");
    }

    int length() {
        return length;
    }

    /// All paths, in alphabetical order.
    List<String> all() {
        return all;
    }

    /// Fair coins.
    String random(RandomKey key) {
        StringBuilder path = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            path.append(key.nextInt(i, 2) == 0 ? RIGHT : UP);
        }
        return path.toString();
    }

    /// Why a response is no path; empty where it is one.
    Optional<Verdict> malformed(String response, boolean finished) {
        if (!finished) {
            return unfinished;
        }
        if (response.length() != length) {
            return unparsable(response.length() + " characters, not " + length);
        }
        for (int i = 0; i < length; i++) {
            char symbol = response.charAt(i);
            if (symbol != RIGHT && symbol != UP) {
                return unparsable("character " + i + " is '" + symbol + "', not R or U");
            }
        }
        return Optional.empty();
    }

    /// Steps to the right in a path.
    int rights(String path) {
        int rights = 0;
        for (int i = 0; i < path.length(); i++) {
            rights += path.charAt(i) == RIGHT ? 1 : 0;
        }
        return rights;
    }

    private static Optional<Verdict> unparsable(String reason) {
        return Optional.of(new Verdict.Unparsable(0, reason));
    }

    /// The path whose i-th symbol is `U` where bit length−1−i of `bits` is set.
    private String path(int bits) {
        StringBuilder path = new StringBuilder(length);
        for (int i = length - 1; i >= 0; i--) {
            path.append((bits >> i & 1) == 0 ? RIGHT : UP);
        }
        return path.toString();
    }
}
