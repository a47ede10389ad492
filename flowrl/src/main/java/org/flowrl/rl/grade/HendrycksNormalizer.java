package org.flowrl.rl.grade;

import java.math.BigInteger;
import java.util.Optional;
import java.util.regex.Pattern;

/// The normal form of an answer that came with the MATH data set (Hendrycks et al., `math_equivalence.py`), and that
/// later graders took over with changes.
enum HendrycksNormalizer {
    /// The original: every percent sign goes.
    ORIGINAL(true),
    /// The copies in lm-evaluation-harness, verl and PRM800K: a percent sign without its backslash stays.
    ESCAPED_PERCENT(false);

    private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]+");

    private final boolean dropsBarePercent;

    HendrycksNormalizer(boolean dropsBarePercent) {
        this.dropsBarePercent = dropsBarePercent;
    }

    /// Whether two answers are equal: their normal forms, or the texts themselves where one has none.
    boolean equal(String left, String right) {
        Optional<String> first = normalize(left);
        Optional<String> second = normalize(right);
        return first.isPresent() && second.isPresent() ? first.equals(second) : left.equals(right);
    }

    /// The normal form, or nothing where the published code fails: at a root or fraction that ends the text, and where
    /// a unit stands twice.
    Optional<String> normalize(String answer) {
        String text = answer.replace("\n", "").replace("\\!", "").replace("\\\\", "\\").replace("tfrac", "frac")
                .replace("dfrac", "frac").replace("\\left", "").replace("\\right", "").replace("^{\\circ}", "")
                .replace("^\\circ", "").replace("\\$", "");
        String unit = "\\text{ ";
        if (text.contains(unit)) {
            if (text.indexOf(unit) != text.lastIndexOf(unit)) {
                return Optional.empty();
            }
            text = text.substring(0, text.indexOf(unit));
        }
        text = text.replace("\\%", "");
        text = dropsBarePercent ? text.replace("%", "") : text;
        text = text.replace(" .", " 0.").replace("{.", "{0.");
        if (text.isEmpty()) {
            return Optional.of(text);
        }
        text = withoutShortName(text.startsWith(".") ? "0" + text : text);
        return bracedRoots(text).map(roots -> roots.replace(" ", "")).flatMap(HendrycksNormalizer::bracedFractions)
                .map(fractions -> slashFraction(fractions.equals("0.5") ? "\\frac{1}{2}" : fractions));
    }

    /// `k=5` is 5: the only equals sign, after one or two characters.
    private static String withoutShortName(String text) {
        int equals = text.indexOf('=');
        return equals >= 0 && text.codePointCount(0, equals) <= 2 && text.lastIndexOf('=') == equals
                ? text.substring(equals + 1) : text;
    }

    private static Optional<String> bracedRoots(String text) {
        String[] parts = text.split("\\\\sqrt", -1);
        StringBuilder roots = new StringBuilder(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].isEmpty()) {
                return Optional.empty();
            }
            int first = parts[i].offsetByCodePoints(0, 1);
            roots.append("\\sqrt").append(parts[i].startsWith("{") ? parts[i]
                    : "{" + parts[i].substring(0, first) + "}" + parts[i].substring(first));
        }
        return Optional.of(roots.toString());
    }

    /// `\frac12` and `\frac1{2}` are `\frac{1}{2}`. A fraction of fewer than two characters leaves the text as it is.
    private static Optional<String> bracedFractions(String text) {
        String[] parts = text.split("\\\\frac", -1);
        StringBuilder fractions = new StringBuilder(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i];
            fractions.append("\\frac");
            if (part.isEmpty()) {
                return Optional.empty();
            }
            if (part.startsWith("{")) {
                fractions.append(part);
                continue;
            }
            if (part.codePointCount(0, part.length()) < 2) {
                return Optional.of(text);
            }
            int first = part.offsetByCodePoints(0, 1);
            int second = part.offsetByCodePoints(first, 1);
            fractions.append('{').append(part, 0, first).append('}');
            fractions.append(part.startsWith("{", first) ? part.substring(first)
                    : "{" + part.substring(first, second) + "}" + part.substring(second));
        }
        return Optional.of(fractions.toString());
    }

    /// `3/4` is `\frac{3}{4}`: two integers without leading zeros or signs of plus.
    private static String slashFraction(String text) {
        String[] parts = text.split("/", -1);
        if (parts.length != 2 || !INTEGER.matcher(parts[0]).matches() || !INTEGER.matcher(parts[1]).matches()
                || parts[0].length() > 1000 || parts[1].length() > 1000) {
            return text;
        }
        String canonical = new BigInteger(parts[0]) + "/" + new BigInteger(parts[1]);
        return canonical.equals(text) ? "\\frac{" + parts[0] + "}{" + parts[1] + "}" : text;
    }
}
