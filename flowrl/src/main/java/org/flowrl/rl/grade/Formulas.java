package org.flowrl.rl.grade;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flowrl.rl.grade.AnswerExtraction.Candidate;

/// Formulas between TeX's delimiters and in boxes. Both searches read a text once.
final class Formulas {
    private static final Pattern PERCENT = Pattern.compile(
            "[\\s$)\\]\\\\]{0,6}(?:\\\\?%|[Pp]ercentage|[Pp]ercent|[Pp]ct)");
    /// Characters that {@link #PERCENT} lets stand before a sign: six, and a backslash.
    private static final int MOST_BEFORE_PERCENT = 7;
    private static final Pattern CONNECTIVE = Pattern.compile("\\s*(?:,?\\s?and|,?\\s?or|,)\\s*");
    private static final Pattern FRACTION =
            Pattern.compile("-?\\\\[dtc]?frac\\{-?\\d+(?:[.,]\\d+)?}\\{-?\\d+(?:[.,]\\d+)?}");
    /// Formulas that "and", "or" and commas join into one answer, at the most.
    private static final int MAX_JOINED = 6;
    /// Characters that may stand between two boxes of one answer, at the most.
    private static final int MAX_BETWEEN_BOXES = 40;
    private static final int MAX_UNCLOSED = 200;
    private static final String BOX = "\\boxed";
    private static final int NONE = Integer.MAX_VALUE;

    private final String text;
    private int displayDollar = -1;
    private int displayBracket = -1;
    private int inlineDollar = -1;
    private int inlineParenthesis = -1;
    private int newline = -1;

    private Formulas(String text) {
        this.text = text;
    }

    /// Formulas in `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and ` […] `, and lone fractions, in the order of the text; those
    /// that "and", "or" or a comma joins are one. `$` and `\(` do not span lines, and `$` after a digit opens nothing.
    static List<Candidate> delimited(String text) {
        return joined(text, new Formulas(text).spans());
    }

    private List<Candidate> spans() {
        List<Candidate> spans = new ArrayList<>();
        Matcher fraction = FRACTION.matcher(text);
        int nextFraction = fraction.find() ? fraction.start() : NONE;
        int at = 0;
        while (at < text.length()) {
            if (nextFraction < at) {
                nextFraction = fraction.find(at) ? fraction.start() : NONE;
            }
            Candidate span = at == nextFraction
                    ? new Candidate(fraction.group(), false, at, fraction.end()) : spanAt(at);
            if (span == null) {
                at++;
            } else {
                spans.add(span);
                at = span.end();
            }
        }
        return spans;
    }

    /// The formula that opens at a place, or null where none does.
    private Candidate spanAt(int at) {
        char c = text.charAt(at);
        boolean escaped = at > 0 && text.charAt(at - 1) == '\\';
        if (c == '$' && !escaped) {
            if (text.startsWith("$$", at)) {
                displayDollar = next("$$", displayDollar, at + 2);
                if (displayDollar != NONE) {
                    return span(at, at + 2, displayDollar, 2);
                }
            }
            boolean afterDigit = at > 0 && Character.isDigit(text.charAt(at - 1));
            inlineDollar = closingDollar(inlineDollar, at + 1);
            return afterDigit || !onLine(at, inlineDollar) ? null : span(at, at + 1, inlineDollar, 1);
        }
        if (c == '\\' && !escaped && text.startsWith("\\[", at)) {
            displayBracket = next("\\]", displayBracket, at + 2);
            return displayBracket == NONE ? null : span(at, at + 2, displayBracket, 2);
        }
        if (c == '\\' && !escaped && text.startsWith("\\(", at)) {
            inlineParenthesis = next("\\)", inlineParenthesis, at + 2);
            return onLine(at, inlineParenthesis) ? span(at, at + 2, inlineParenthesis, 2) : null;
        }
        return c == '[' && at > 0 && Character.isWhitespace(text.charAt(at - 1)) ? bracketAt(at) : null;
    }

    /// ` [1, 2] `: brackets between blanks, without others inside.
    private Candidate bracketAt(int at) {
        int end = at + 1;
        while (end < text.length() && end - at < MAX_UNCLOSED && "\n[]".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        boolean closed = end + 1 < text.length() && text.charAt(end) == ']'
                && Character.isWhitespace(text.charAt(end + 1));
        return closed ? new Candidate(text.substring(at, end + 1), false, at, end + 1) : null;
    }

    private Candidate span(int start, int contentStart, int contentEnd, int closing) {
        return contentEnd <= contentStart ? null
                : new Candidate(text.substring(contentStart, contentEnd), false, start, contentEnd + closing);
    }

    /// Where `closing` next stands from a place on; what an earlier search found is not searched for again.
    private int next(String closing, int known, int from) {
        if (known >= from) {
            return known;
        }
        int found = text.indexOf(closing, from);
        return found < 0 ? NONE : found;
    }

    private int closingDollar(int known, int from) {
        int found = next("$", known, from);
        while (found != NONE && text.charAt(found - 1) == '\\') {
            found = next("$", -1, found + 1);
        }
        return found;
    }

    private boolean onLine(int from, int to) {
        if (to == NONE) {
            return false;
        }
        newline = next("\n", newline, from);
        return newline > to;
    }

    private static List<Candidate> joined(String text, List<Candidate> spans) {
        List<Candidate> joined = new ArrayList<>();
        // One matcher each: a text may have hundreds of thousands of spans.
        Matcher connective = CONNECTIVE.matcher(text);
        Matcher percent = PERCENT.matcher(text);
        int i = 0;
        while (i < spans.size()) {
            int last = i;
            StringBuilder content = new StringBuilder(spans.get(i).text());
            while (last + 1 < spans.size() && last + 1 - i < MAX_JOINED
                    && isConnective(connective, spans.get(last).end(), spans.get(last + 1).start())) {
                last++;
                content.append(',').append(spans.get(last).text());
            }
            joined.add(withPercent(text, percent, content.toString(), spans.get(i).start(), spans.get(last).end()));
            i = last + 1;
        }
        return joined;
    }

    private static boolean isConnective(Matcher connective, int from, int to) {
        return to - from <= MAX_BETWEEN_BOXES && connective.region(from, to).matches();
    }

    private static Candidate withPercent(String text, Matcher percent, String content, int start, int end) {
        boolean found = mayBePercent(text, end) && percent.region(end, text.length()).lookingAt();
        return new Candidate(content, found, start, found ? percent.end() : end);
    }

    /// False where a glance shows that {@link #PERCENT} does not match: no sign of it after few blanks and brackets.
    private static boolean mayBePercent(String text, int at) {
        int end = Math.min(text.length(), at + MOST_BEFORE_PERCENT + 1);
        for (int i = at; i < end; i++) {
            char c = text.charAt(i);
            if (c == '%' || c == 'p' || c == 'P') {
                return true;
            }
            if (!Character.isWhitespace(c) && "$)]\\".indexOf(c) < 0) {
                return false;
            }
        }
        return false;
    }

    /// Boxes in the order of the text. Boxes that a comma joins, or a short text with "and" or "or" in it, or nothing
    /// at all, are one answer. A box that is never closed reaches to the end where that is near and a brace stands in
    /// it.
    static List<Candidate> boxed(String text) {
        List<Candidate> boxes = outermostBoxes(text);
        List<Candidate> joined = new ArrayList<>();
        Matcher percent = PERCENT.matcher(text);
        int i = 0;
        while (i < boxes.size()) {
            int last = i;
            StringBuilder content = new StringBuilder(boxes.get(i).text());
            while (last + 1 < boxes.size() && joins(text, boxes.get(last).end(), boxes.get(last + 1).start())) {
                last++;
                content.append(',').append(boxes.get(last).text());
            }
            joined.add(withPercent(text, percent, content.toString(), boxes.get(i).start(), boxes.get(last).end()));
            i = last + 1;
        }
        return joined;
    }

    private static boolean joins(String text, int from, int to) {
        if (to - from > MAX_BETWEEN_BOXES) {
            return false;
        }
        String between = text.substring(from, to).replaceAll("\\\\(?:text|quad|qquad)|[\\\\$(){}\\[\\]]", " ");
        boolean sentenceEnds = between.matches("(?s).*[.!?]\\s.*");
        return !sentenceEnds && between.matches("[\\s,;]*|(?s:.*\\b(?:and|or)\\b.*)");
    }

    private static List<Candidate> outermostBoxes(String text) {
        Deque<int[]> spans = new ArrayDeque<>();
        Deque<Integer> open = new ArrayDeque<>();
        for (int i = text.indexOf(BOX); i >= 0 && i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '{') {
                open.push(i);
            } else if (c == '}' && !open.isEmpty()) {
                int start = open.pop();
                if (opensBox(text, start)) {
                    // A box within this one was closed before it and is on top.
                    while (!spans.isEmpty() && spans.peek()[0] > start) {
                        spans.pop();
                    }
                    spans.push(new int[] {start, i});
                }
            }
        }
        List<Candidate> boxes = new ArrayList<>();
        spans.reversed().forEach(span -> boxes.add(new Candidate(text.substring(span[0] + 1, span[1]), false,
                span[0] - BOX.length(), span[1] + 1)));
        addUnclosed(text, open, boxes);
        boxes.sort(Comparator.comparingInt(Candidate::start));
        return boxes;
    }

    private static void addUnclosed(String text, Deque<Integer> open, List<Candidate> boxes) {
        open.stream().filter(start -> opensBox(text, start)).findFirst().ifPresent(start -> {
            String rest = text.substring(start + 1);
            if (rest.length() <= MAX_UNCLOSED && rest.contains("}")) {
                boxes.add(new Candidate(rest, false, start - BOX.length(), text.length()));
            }
        });
    }

    private static boolean opensBox(String text, int brace) {
        return text.startsWith(BOX, brace - BOX.length());
    }
}
