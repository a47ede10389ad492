package org.flowrl.transformer.text;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The way from text to ids as one program, with the scratch memory and the piece cache of one thread at a time.
final class TextEncoder {
    /// Everything below U+0300 is in normalisation form C and stays so beside its neighbours.
    private static final char FIRST_THAT_MAY_NORMALIZE = '\u0300';
    /// Scratch memory beyond this many ids or symbols, a few megabytes, is not kept for the next text.
    private static final int LARGEST_KEPT = 1 << 18;
    private static final int INITIAL_CAPACITY = 1 << 10;
    /// Characters without a token that a message names.
    private static final int SHOWN_CHARACTERS = 6;

    private final TokenizerSpec spec;
    private final BytePairEncoder pairs;
    private final PieceCache cache = new PieceCache();
    /// Whether each byte of the piece at hand has a token.
    private boolean isSpelt;
    private final IntList ids = new IntList(INITIAL_CAPACITY);

    private final AddedTokenSplitter.Parts rawParts = new AddedTokenSplitter.Parts() {
        @Override
        public void text(String text, int from, int to) {
            normalize(text, from, to);
        }

        @Override
        public void token(int id) {
            ids.add(id);
        }
    };
    private final AddedTokenSplitter.Parts normalizedParts = new AddedTokenSplitter.Parts() {
        @Override
        public void text(String text, int from, int to) {
            encodePieces(text, from, to);
        }

        @Override
        public void token(int id) {
            ids.add(id);
        }
    };

    TextEncoder(TokenizerSpec spec) {
        this.spec = spec;
        this.pairs = new BytePairEncoder(spec.merges());
    }

    /// The ids of `text`, without those that the post-processor puts around it.
    int[] encode(String text) {
        checkWellFormed(text);
        ids.clear();
        spec.rawTokens().split(text, 0, text.length(), rawParts);
        return ids.toArray();
    }

    /// Whether the scratch memory is small enough to be kept.
    boolean isWorthKeeping() {
        return ids.capacity() <= LARGEST_KEPT && pairs.capacity() <= LARGEST_KEPT;
    }

    private void normalize(String text, int from, int to) {
        if (spec.nfc() && mayNeedNormalizing(text, from, to)) {
            String normalized = Normalizer.normalize(text.substring(from, to), Normalizer.Form.NFC);
            spec.normalizedTokens().split(normalized, 0, normalized.length(), normalizedParts);
        } else {
            spec.normalizedTokens().split(text, from, to, normalizedParts);
        }
    }

    private void encodePieces(String text, int from, int to) {
        for (int start = from; start < to; ) {
            int end = QwenSplitter.end(text, start, to);
            int[] pieceIds = cache.find(text, start, end);
            if (pieceIds == null) {
                pieceIds = encodePiece(text, start, end);
                if (!isSpelt) {
                    throw unknown(text, start, to);
                }
                cache.put(text, start, end, pieceIds);
            }
            ids.addAll(pieceIds);
            start = end;
        }
    }

    /// The ids of a piece; of no use where a byte has none, and the piece is not spelt.
    private int[] encodePiece(String text, int from, int to) {
        pairs.clear();
        isSpelt = true;
        for (int i = from; i < to; ) {
            int codePoint = text.codePointAt(i);
            if (codePoint < 0x80) {
                addByte(codePoint);
            } else if (codePoint < 0x800) {
                addByte(0xc0 | codePoint >>> 6);
                addByte(0x80 | codePoint & 0x3f);
            } else {
                if (codePoint < 0x10000) {
                    addByte(0xe0 | codePoint >>> 12);
                } else {
                    addByte(0xf0 | codePoint >>> 18);
                    addByte(0x80 | codePoint >>> 12 & 0x3f);
                }
                addByte(0x80 | codePoint >>> 6 & 0x3f);
                addByte(0x80 | codePoint & 0x3f);
            }
            i += Character.charCount(codePoint);
        }
        return isSpelt ? pairs.merge() : new int[0];
    }

    private void addByte(int value) {
        int id = spec.byteId(value);
        isSpelt &= id >= 0;
        pairs.add(id);
    }

    /// What is said of a stretch in which characters have no token: all of them, up to a limit, since the first alone
    /// does not show that a text is in another language.
    private TokenizerException unknown(String text, int from, int to) {
        int[] characters = text.substring(from, to).codePoints().distinct()
                .filter(codePoint -> missingByte(codePoint).isPresent()).toArray();
        int missing = missingByte(characters[0]).orElseThrow();
        if (characters.length == 1) {
            return new TokenizerException("encode: character " + name(characters[0]) + " has no token: byte 0x"
                    + Integer.toHexString(missing) + " ('" + ByteAlphabet.character(missing)
                    + "') must be in the vocabulary, since there is no unknown token");
        }
        String shown = Arrays.stream(characters).limit(SHOWN_CHARACTERS).mapToObj(TextEncoder::name)
                .collect(Collectors.joining(", "));
        return new TokenizerException("encode: characters " + shown + (characters.length > SHOWN_CHARACTERS ? " and "
                + (characters.length - SHOWN_CHARACTERS) + " more" : "")
                + " have no token: their bytes must be in the vocabulary, since there is no unknown token");
    }

    private OptionalInt missingByte(int codePoint) {
        byte[] bytes = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, bytes.length).map(i -> bytes[i] & 0xff).filter(value -> spec.byteId(value) < 0)
                .findFirst();
    }

    private static boolean mayNeedNormalizing(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) >= FIRST_THAT_MAY_NORMALIZE) {
                return true;
            }
        }
        return false;
    }

    private static void checkWellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                boolean paired = Character.isHighSurrogate(c) && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!paired) {
                    throw new TokenizerException("encode: character " + i + " of the text is the lone surrogate "
                            + name(c) + "; a text must be well-formed UTF-16");
                }
                i++;
            }
        }
    }

    private static String name(int codePoint) {
        boolean printable = !Character.isISOControl(codePoint)
                && (codePoint > Character.MAX_VALUE || !Character.isSurrogate((char) codePoint));
        String number = String.format(Locale.ROOT, "U+%04X", codePoint);
        return printable ? "'" + Character.toString(codePoint) + "' (" + number + ")" : number;
    }
}
