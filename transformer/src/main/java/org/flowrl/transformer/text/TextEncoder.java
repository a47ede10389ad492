package org.flowrl.transformer.text;

import java.text.Normalizer;

/// The way from text to ids as one program, with the scratch memory and the piece cache of one thread at a time.
final class TextEncoder {
    /// Everything below U+0300 is in normalisation form C and stays so beside its neighbours.
    private static final char FIRST_THAT_MAY_NORMALIZE = '\u0300';
    /// Scratch memory beyond this many ids or symbols, a few megabytes, is not kept for the next text.
    private static final int LARGEST_KEPT = 1 << 18;
    private static final int INITIAL_CAPACITY = 1 << 10;

    private final TokenizerSpec spec;
    private final BytePairEncoder pairs;
    private final PieceCache cache = new PieceCache();
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
                cache.put(text, start, end, pieceIds);
            }
            ids.addAll(pieceIds);
            start = end;
        }
    }

    private int[] encodePiece(String text, int from, int to) {
        pairs.clear();
        for (int i = from; i < to; ) {
            int codePoint = text.codePointAt(i);
            if (codePoint < 0x80) {
                addByte(codePoint, codePoint);
            } else if (codePoint < 0x800) {
                addByte(0xc0 | codePoint >>> 6, codePoint);
                addByte(0x80 | codePoint & 0x3f, codePoint);
            } else {
                if (codePoint < 0x10000) {
                    addByte(0xe0 | codePoint >>> 12, codePoint);
                } else {
                    addByte(0xf0 | codePoint >>> 18, codePoint);
                    addByte(0x80 | codePoint >>> 12 & 0x3f, codePoint);
                }
                addByte(0x80 | codePoint >>> 6 & 0x3f, codePoint);
                addByte(0x80 | codePoint & 0x3f, codePoint);
            }
            i += Character.charCount(codePoint);
        }
        return pairs.merge();
    }

    private void addByte(int value, int codePoint) {
        int id = spec.byteId(value);
        if (id < 0) {
            throw new TokenizerException("encode: character " + name(codePoint) + " has no token: byte 0x"
                    + Integer.toHexString(value) + " ('" + ByteAlphabet.character(value)
                    + "') must be in the vocabulary, since there is no unknown token");
        }
        pairs.add(id);
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
        String number = String.format("U+%04X", codePoint);
        return printable ? "'" + Character.toString(codePoint) + "' (" + number + ")" : number;
    }
}
