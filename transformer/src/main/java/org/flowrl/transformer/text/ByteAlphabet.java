package org.flowrl.transformer.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The 256 printable characters that stand for bytes in a byte-level vocabulary.
///
/// ```text
/// '!'…'~', '¡'…'¬', '®'…'ÿ'   stand for themselves (188 bytes)
/// every other byte, ascending  stands as U+0100, U+0101, … (68 bytes): space is 'Ġ', newline is 'Ċ'
/// ```
///
/// Source: GPT-2's `bytes_to_unicode` (encoder.py), used unchanged by Qwen.
final class ByteAlphabet {
    /// One past the last character of the alphabet: U+0100 plus the 68 bytes that do not stand for themselves.
    private static final int END = 0x100 + 68;
    private static final char[] CHARACTERS = characters();
    private static final short[] BYTES = bytes();

    private ByteAlphabet() {
    }

    /// The character that stands for byte `value`, 0 to 255.
    static char character(int value) {
        return CHARACTERS[value];
    }

    /// The byte, 0 to 255, that `character` stands for, or −1 where it is not in the alphabet.
    static int value(char character) {
        return character < END ? BYTES[character] : -1;
    }

    /// The byte-level form of `text`: its UTF-8 bytes, one character each.
    static String spell(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder spelling = new StringBuilder(utf8.length);
        for (byte b : utf8) {
            spelling.append(character(b & 0xff));
        }
        return spelling.toString();
    }

    /// The bytes that token `content` decodes to: one a character where all of them are in the alphabet, otherwise the
    /// UTF-8 form of the content (added tokens such as `<｜User｜>`).
    ///
    /// Departure from what one may expect, as in the `tokenizers` library: an added token `é` decodes to the single
    /// byte E9, since `é` is in the alphabet.
    static byte[] decode(String content) {
        byte[] decoded = new byte[content.length()];
        for (int i = 0; i < decoded.length; i++) {
            int value = value(content.charAt(i));
            if (value < 0) {
                return content.getBytes(StandardCharsets.UTF_8);
            }
            decoded[i] = (byte) value;
        }
        return decoded;
    }

    private static boolean standsForItself(int value) {
        return value >= '!' && value <= '~' || value >= 0xa1 && value <= 0xac || value >= 0xae && value <= 0xff;
    }

    private static char[] characters() {
        char[] characters = new char[256];
        char next = 0x100;
        for (int value = 0; value < characters.length; value++) {
            characters[value] = standsForItself(value) ? (char) value : next++;
        }
        return characters;
    }

    private static short[] bytes() {
        short[] bytes = new short[END];
        Arrays.fill(bytes, (short) -1);
        for (int value = 0; value < CHARACTERS.length; value++) {
            bytes[CHARACTERS[value]] = (short) value;
        }
        return bytes;
    }
}
