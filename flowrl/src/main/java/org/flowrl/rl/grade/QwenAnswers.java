package org.flowrl.rl.grade;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds the answer in a response and cleans it as Qwen2.5-Math's evaluation does (`evaluation/parser.py`): the last
/// box, else what follows "answer is", else the last number. Units are those that follow a number as words, fewer than
/// the original's list.
final class QwenAnswers {
    private static final Pattern NUMBER = Pattern.compile("-?\\d*\\.?\\d+");
    private static final Pattern TRAILING_TEXT = Pattern.compile("\\\\text\\s*\\{[^{}]*}(?:\\^\\{?\\d}?)?$");
    private static final Pattern WHOLE = Pattern.compile("(?<!\\d)(\\d++)\\.0*(?=\\D|$)");

    private QwenAnswers() {
    }

    /// The answer as it was written.
    static Optional<String> answer(String response) {
        int minerva = response.indexOf("final answer is $");
        int hope = minerva < 0 ? -1 : response.indexOf("$. I hope", minerva);
        if (hope >= 0) {
            return Optional.of(response.substring(minerva + "final answer is $".length(), hope));
        }
        int box = response.lastIndexOf("boxed");
        if (box >= 0) {
            return boxed(response.substring(box + "boxed".length()));
        }
        for (String phrase : new String[] {"he answer is", "final answer is", "答案是"}) {
            int start = response.lastIndexOf(phrase);
            if (start >= 0) {
                return Optional.of(response.substring(start + phrase.length()).strip());
            }
        }
        return lastNumber(response.replace(",", ""));
    }

    private static Optional<String> boxed(String rest) {
        if (!rest.startsWith("{")) {
            return Optional.of(rest.split("\\$", -1)[0].strip()).filter(answer -> !answer.isEmpty());
        }
        int depth = 0;
        for (int i = 0; i < rest.length(); i++) {
            depth += rest.charAt(i) == '{' ? 1 : rest.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return Optional.of(rest.substring(1, i));
            }
        }
        return Optional.of(rest.substring(1));
    }

    private static Optional<String> lastNumber(String text) {
        Matcher matcher = NUMBER.matcher(text);
        Optional<String> last = Optional.empty();
        while (matcher.find()) {
            last = Optional.of(matcher.group());
        }
        return last;
    }

    /// The answer without what does not change its meaning.
    static String normalize(String answer) {
        String text = answer.replaceAll("\\n\\s*", "").strip().replaceAll("^:|[./]+$", "");
        text = text.replace("\\!", "").replace("tfrac", "frac").replace("dfrac", "frac").replace("bmatrix", "pmatrix")
                .replace("\\left", "").replace("\\right", "").replace("\\{", "{").replace("\\}", "}");
        String bare = TRAILING_TEXT.matcher(text).replaceAll("").strip();
        text = bare.isEmpty() ? text : bare;
        text = text.replace("^{\\circ}", "").replace("^\\circ", "").replace("\\$", "").replace("$", "")
                .replace("\\(", "").replace("\\)", "").replaceAll("\\\\(?:text|mbox)\\s*\\{([^{}]*)}", "$1")
                .replaceAll("[xyz](?:=|\\\\in|\\\\to)", "").replace("\\%", "").replace("%", "")
                .replace(" .", " 0.").replace("{.", "{0.");
        text = WHOLE.matcher(text).replaceAll("$1");
        text = text.startsWith(".") ? "0" + text : text;
        int equals = text.indexOf('=');
        text = equals >= 0 && equals <= 2 && text.lastIndexOf('=') == equals ? text.substring(equals + 1) : text;
        return text.replaceAll("\\\\sqrt(\\w+)", "\\\\sqrt{$1}").replace(" ", "");
    }
}
