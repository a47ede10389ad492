package org.flowrl.transformer.text;

/// Bytes in, whole characters out: a UTF-8 decoder that takes any number of bytes at a time.
///
/// Each maximal ill-formed part becomes one U+FFFD, as Unicode 16, section 3.9, table 3-8 shows and as Rust's
/// `from_utf8_lossy` does (`new String(bytes, UTF_8)` does not, for encoded surrogates). Characters are appended only
/// once complete, so whatever was appended never ends inside one.
final class Utf8Assembler {
    private static final char REPLACEMENT = '\ufffd';

    private int codePoint;
    private int missing;      // continuation bytes still to come
    private int lowest = 0x80;  // bounds of the next continuation byte, inclusive
    private int highest = 0xbf;

    /// Appends to `text` the characters that `bytes` completes.
    void append(byte[] bytes, StringBuilder text) {
        for (byte b : bytes) {
            append(b & 0xff, text);
        }
    }

    /// Appends U+FFFD to `text` where a character is incomplete, and starts anew.
    void finish(StringBuilder text) {
        if (missing > 0) {
            text.append(REPLACEMENT);
            missing = 0;
        }
    }

    private void append(int value, StringBuilder text) {
        if (missing > 0 && value >= lowest && value <= highest) {
            lowest = 0x80;
            highest = 0xbf;
            codePoint = codePoint << 6 | value & 0x3f;
            if (--missing == 0) {
                text.appendCodePoint(codePoint);
            }
            return;
        }
        finish(text);
        if (value < 0x80) {
            text.append((char) value);
        } else {
            begin(value, text);
        }
    }

    /// Takes a lead byte. The first continuation byte has narrower bounds where more would admit an overlong form,
    /// a surrogate, or a code point above U+10FFFF.
    private void begin(int lead, StringBuilder text) {
        lowest = 0x80;
        highest = 0xbf;
        if (lead >= 0xc2 && lead <= 0xdf) {
            missing = 1;
            codePoint = lead & 0x1f;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            missing = 2;
            codePoint = lead & 0x0f;
            lowest = lead == 0xe0 ? 0xa0 : 0x80;
            highest = lead == 0xed ? 0x9f : 0xbf;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            missing = 3;
            codePoint = lead & 0x07;
            lowest = lead == 0xf0 ? 0x90 : 0x80;
            highest = lead == 0xf4 ? 0x8f : 0xbf;
        } else {
            text.append(REPLACEMENT);
        }
    }
}
