package org.flowrl.rl.grade.code;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// LiveCodeBench's rule for printed answers: both sides stripped, as many lines, and of each pair of lines, stripped,
/// either the same text or the same numbers, token by token, as exact decimals (so `1.0` is `1` and `0.1` is not
/// `0.10000000001`).
final class OutputComparison {
    /// Numbers with longer exponents are compared as text: no answer has them, and 1e999999999 is not to be expanded.
    private static final int MAX_EXPONENT_DIGITS = 6;
    private static final String NUMBER = "[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1," + MAX_EXPONENT_DIGITS + "})?";

    private OutputComparison() {
    }

    /// The first difference, for people; empty where there is none.
    static Optional<String> difference(String expected, String printed) {
        List<String> wanted = lines(expected);
        List<String> got = lines(printed);
        for (int i = 0; i < Math.min(wanted.size(), got.size()); i++) {
            if (!sameLine(wanted.get(i), got.get(i))) {
                return Optional.of("line " + (i + 1) + " is '" + Excerpt.of(got.get(i)) + "' and not '"
                        + Excerpt.of(wanted.get(i)) + "'");
            }
        }
        return wanted.size() == got.size() ? Optional.empty()
                : Optional.of(got.size() + " lines and not " + wanted.size());
    }

    private static List<String> lines(String text) {
        return Stream.of(text.strip().split("\n", -1)).map(String::strip).toList();
    }

    private static boolean sameLine(String expected, String printed) {
        if (expected.equals(printed)) {
            return true;
        }
        String[] wanted = expected.split("\\s+");
        String[] got = printed.split("\\s+");
        if (wanted.length != got.length) {
            return false;
        }
        for (int i = 0; i < wanted.length; i++) {
            if (!wanted[i].matches(NUMBER) || !got[i].matches(NUMBER)
                    || new BigDecimal(wanted[i]).compareTo(new BigDecimal(got[i])) != 0) {
                return false;
            }
        }
        return true;
    }
}
