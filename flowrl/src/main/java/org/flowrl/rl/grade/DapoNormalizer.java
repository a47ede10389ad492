package org.flowrl.rl.grade;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The normal form of an answer under the DAPO rule (verl `reward_score/math_dapo.py`). It is crude on purpose: "a "
/// and "km" go wherever they stand, because training rewards must be those of the published runs.
final class DapoNormalizer {
    private static final List<Map.Entry<String, String>> REPLACED = List.of(Map.entry("an ", ""), Map.entry("a ", ""),
            Map.entry(".$", "$"), Map.entry("\\$", ""), Map.entry("\\ ", ""), Map.entry(" ", ""),
            Map.entry("mbox", "text"), Map.entry(",\\text{and}", ","), Map.entry("\\text{and}", ","),
            Map.entry("\\text{m}", "\\text{}"));
    /// In the order in which they are deleted. The last two are the tokens that end a turn, which slime's copy of the
    /// rule deletes as well.
    private static final List<String> DELETED = List.of("square", "ways", "integers", "dollars", "mph", "inches",
            "hours", "km", "units", "\\ldots", "sue", "points", "feet", "minutes", "digits", "cents", "degrees", "cm",
            "gm", "pounds", "meters", "meals", "edges", "students", "childrentickets", "multiples", "\\text{s}",
            "\\text{.}", "\\text{\ns}", "\\text{}^2", "\\text{}^3", "\\text{\n}", "\\text{}", "\\mathrm{th}",
            "^\\circ", "^{\\circ}", "\\;", ",\\!", "{,}", "\"", "\\dots", "<|endoftext|>", "<|im_end|>");
    private static final List<String> UNWRAPPED = List.of("\\text{", "\\textbf{", "\\overline{");
    private static final String BOX = "\\boxed{";
    private static final Pattern SHORT_FRACTION = pattern("(frac)([^{])(.)");
    private static final Pattern SHORT_ROOT = pattern("(sqrt)([^{])");

    private DapoNormalizer() {
    }

    /// The normal form.
    static String normalize(String answer) {
        String text = answer.substring(answer.lastIndexOf('=') + 1);
        for (Map.Entry<String, String> replacement : REPLACED) {
            text = text.replace(replacement.getKey(), replacement.getValue());
        }
        for (String deleted : DELETED) {
            text = text.replace(deleted, "");
        }
        text = eachLine(text, "$", DapoNormalizer::firstFormula);
        for (String opening : UNWRAPPED) {
            text = eachLine(text, opening, line -> unwrapped(line, opening));
        }
        text = eachLine(text, BOX, DapoNormalizer::unboxed);
        text = SHORT_FRACTION.matcher(text).replaceAll("frac{$2}{$3}");
        text = SHORT_ROOT.matcher(text).replaceAll("sqrt{$2}");
        text = text.replace("$", "");
        String digits = text.replace(",", "");
        return PythonText.strip(PythonText.isDigits(digits) ? digits : text);
    }

    // The published rule says the next three as regular expressions that stop at line ends; these need one pass.

    private static String eachLine(String text, String sign, UnaryOperator<String> change) {
        return !text.contains(sign) ? text
                : Stream.of(text.split("\n", -1)).map(change).collect(Collectors.joining("\n"));
    }

    /// The content of the first `$…$`, dollars included, where a line has one.
    private static String firstFormula(String line) {
        int open = line.indexOf('$');
        int close = open < 0 ? -1 : line.indexOf('$', open + 1);
        return close < 0 ? line : line.substring(open, close + 1);
    }

    /// Without each `opening` and the first brace that closes after it.
    private static String unwrapped(String line, String opening) {
        StringBuilder result = new StringBuilder();
        int at = 0;
        int open = line.indexOf(opening);
        int close = open < 0 ? -1 : line.indexOf('}', open);
        while (close >= 0) {
            result.append(line, at, open).append(line, open + opening.length(), close);
            at = close + 1;
            open = line.indexOf(opening, at);
            close = open < 0 ? -1 : line.indexOf('}', open);
        }
        return result.append(line.substring(at)).toString();
    }

    /// Without the first `\boxed{` and the last brace after it.
    private static String unboxed(String line) {
        int open = line.indexOf(BOX);
        int close = line.lastIndexOf('}');
        return open < 0 || close < open + BOX.length() ? line
                : line.substring(0, open) + line.substring(open + BOX.length(), close) + line.substring(close + 1);
    }

    private static Pattern pattern(String regex) {
        return Pattern.compile(regex, PythonText.REGEX);
    }
}
