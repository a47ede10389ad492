package org.flowrl.rl.task;

import java.util.List;
import java.util.stream.IntStream;
import org.flowrl.tensor.RandomKey;

/// Paths on a grid as text: strings of a given number of symbols `R` (right) and `U` (up).
final class Paths {
    static final char RIGHT = 'R';
    static final char UP = 'U';

    private final AnswerForm form;
    private final List<String> all;

    /// @param length symbols in a path; all 2^length paths are listed
    Paths(int length) {
        this.form = AnswerForm.of(length, "" + RIGHT + UP, RIGHT + " or " + UP);
        this.all = IntStream.range(0, 1 << length).mapToObj(this::path).toList();
    }

    /// What a path looks like.
    AnswerForm form() {
        return form;
    }

    private int length() {
        return form.length();
    }

    /// All paths, in alphabetical order.
    List<String> all() {
        return all;
    }

    /// Fair coins.
    String random(RandomKey key) {
        StringBuilder path = new StringBuilder(length());
        for (int i = 0; i < length(); i++) {
            path.append(key.nextInt(i, 2) == 0 ? RIGHT : UP);
        }
        return path.toString();
    }

    /// Steps to the right in a path.
    int rights(String path) {
        int rights = 0;
        for (int i = 0; i < path.length(); i++) {
            rights += path.charAt(i) == RIGHT ? 1 : 0;
        }
        return rights;
    }

    /// The path whose i-th symbol is `U` where bit length−1−i of `bits` is set.
    private String path(int bits) {
        StringBuilder path = new StringBuilder(length());
        for (int i = length() - 1; i >= 0; i--) {
            path.append((bits >> i & 1) == 0 ? RIGHT : UP);
        }
        return path.toString();
    }
}
