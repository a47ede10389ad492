package org.flowrl.rl.grade;

import java.util.regex.Pattern;

/// String functions with Python's rules, for graders that must agree with published ones character by character.
final class PythonText {
    /// `.` stops at a line feed alone, and classes and case are Unicode's.
    static final int REGEX = Pattern.UNIX_LINES | Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNICODE_CASE;

    private PythonText() {
    }

    /// `text[-count:]`: the last code points.
    static String last(String text, int count) {
        return text.codePointCount(0, text.length()) <= count ? text
                : text.substring(text.offsetByCodePoints(text.length(), -count));
    }

    /// `text.strip()`: no-break spaces and separators go too.
    static String strip(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isSpace(text.charAt(start))) {
            start++;
        }
        while (end > start && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    /// `text.isdigit()`: not empty, and every code point is a decimal digit or a digit in another form, such as ².
    static boolean isDigits(String text) {
        return !text.isEmpty() && text.codePoints().allMatch(PythonText::isDigit);
    }

    private static boolean isDigit(int c) {
        int value = Character.getNumericValue(c);
        return Character.isDigit(c) || Character.getType(c) == Character.OTHER_NUMBER && value >= 0 && value <= 9;
    }

    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
}
