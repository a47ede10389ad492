package org.flowrl.transformer.text.jinja;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// `strftime`: a date and time by a format such as `%d %B %Y`, in English.
final class DateFormat {
    private DateFormat() {
    }

    /// Now, by `format`.
    static String format(String format, Clock clock) {
        ZonedDateTime now = ZonedDateTime.now(clock);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
            } else if (format.charAt(++i) == '%') {
                out.append('%');
            } else {
                out.append(now.format(DateTimeFormatter.ofPattern(pattern(format.charAt(i)), Locale.ENGLISH)));
            }
        }
        return out.toString();
    }

    /// Java's pattern for a letter of strftime.
    private static String pattern(char letter) {
        return switch (letter) {
            case 'Y' -> "yyyy";
            case 'y' -> "yy";
            case 'm' -> "MM";
            case 'B' -> "MMMM";
            case 'b' -> "MMM";
            case 'd' -> "dd";
            case 'j' -> "DDD";
            case 'A' -> "EEEE";
            case 'a' -> "EEE";
            case 'H' -> "HH";
            case 'I' -> "hh";
            case 'M' -> "mm";
            case 'S' -> "ss";
            case 'p' -> "a";
            case 'Z' -> "zzz";
            case 'z' -> "xx";
            case 'F' -> "yyyy-MM-dd";
            case 'T' -> "HH:mm:ss";
            default -> throw new JinjaException("strftime_now: '%" + letter + "' is not supported");
        };
    }
}
