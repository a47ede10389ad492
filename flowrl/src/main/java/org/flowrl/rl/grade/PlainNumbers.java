package org.flowrl.rl.grade;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Numbers and sums of numbers in running text: 1,000.99, 1000,99 (a decimal comma), 3 + 4/5, $5, 28 pct. A number must
/// follow a blank, an equals sign, or the beginning; what follows it may be anything, so "1,000.99m²" holds one and
/// "AZYUK2A" none.
final class PlainNumbers {
    private static final String PREFIX = "(?:^|[\\s=])(?:\\*\\*)?";
    private static final String CURRENCY = "[$€£¥₹₽₪₩₫฿]?";
    private static final String PERCENT = "(?<percent>\\s{0,3}(?:%|\\\\%|[Pp]ercentage|[Pp]ercent|[Pp]ct))?";
    private static final Pattern NUMBER = Pattern.compile(PREFIX + CURRENCY
            + "(?:(?<grouped>-?[1-9]\\d{0,2}(?:[ ,]\\d{3})+(?!\\d))(?<groupedDecimals>\\.\\d+)?"
            + "|(?<whole>-?\\d+)(?<decimals>[.,]\\d+)|(?<fraction>\\.\\d+)|(?<integer>-?\\d+))" + PERCENT);
    /// A run of digits and operators; it is an expression where it has an operator after the first digit.
    private static final Pattern RUN = Pattern.compile(PREFIX + "(-?\\(?-?\\d[\\d.\\s+\\-*×/^()÷]{1,200})");
    private static final Pattern OPERATOR = Pattern.compile("\\d[\\s)]*[+\\-*×/^÷(][\\s(\\-]*\\d");
    private static final Pattern END = Pattern.compile("(?:\\*\\*)?(?:[.,:\\s)$]|$)");

    private PlainNumbers() {
    }

    /// All of a text, in order.
    static List<AnswerExtraction.Candidate> in(String text) {
        List<AnswerExtraction.Candidate> found = new ArrayList<>();
        Matcher number = NUMBER.matcher(text);
        Matcher run = RUN.matcher(text);
        int at = 0;
        while (number.find(at)) {
            int end = number.end();
            if (run.region(number.start(), text.length()).lookingAt()) {
                String expression = trimmed(run.group(1));
                int expressionEnd = run.start(1) + expression.length();
                if (OPERATOR.matcher(expression).find()
                        && END.matcher(text).region(expressionEnd, text.length()).lookingAt()) {
                    found.add(new AnswerExtraction.Candidate(expression, false, run.start(), expressionEnd));
                    end = Math.max(end, expressionEnd);
                    at = end;
                    continue;
                }
            }
            found.add(new AnswerExtraction.Candidate(value(number), number.group("percent") != null, number.start(),
                    end));
            at = end;
        }
        return found;
    }

    private static String value(Matcher number) {
        if (number.group("grouped") != null) {
            String decimals = number.group("groupedDecimals");
            return number.group("grouped").replaceAll("[ ,]", "") + (decimals == null ? "" : decimals);
        }
        if (number.group("whole") != null) {
            return number.group("whole") + number.group("decimals").replace(',', '.');
        }
        return number.group("fraction") != null ? number.group("fraction") : number.group("integer");
    }

    private static String trimmed(String run) {
        int end = run.length();
        while (end > 0 && "+-*×/^÷(. \n\t\r".indexOf(run.charAt(end - 1)) >= 0) {
            end--;
        }
        return run.substring(0, end);
    }
}
