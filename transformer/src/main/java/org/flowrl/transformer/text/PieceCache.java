package org.flowrl.transformer.text;

/// The ids of pieces seen lately: a table of fixed size in which a new piece takes the place of an old one with the
/// same hash, so memory stays bounded and nothing needs to be evicted. Not thread-safe.
final class PieceCache {
    /// 2^16 slots hold the words of some megabytes of text.
    private static final int BITS = 16;
    /// Longer pieces are rarely seen twice, and would make the cache large.
    private static final int LONGEST_PIECE = 48;

    private final String[] pieces = new String[1 << BITS];
    private final int[][] ids = new int[1 << BITS][];

    /// The ids of the piece `text[from, to)` where it is cached, otherwise null.
    int[] find(String text, int from, int to) {
        int length = to - from;
        if (length > LONGEST_PIECE) {
            return null;
        }
        int slot = slot(text, from, to);
        String piece = pieces[slot];
        boolean found = piece != null && piece.length() == length && piece.regionMatches(0, text, from, length);
        return found ? ids[slot] : null;
    }

    /// Remembers the ids of the piece `text[from, to)` unless it is too long.
    void put(String text, int from, int to, int[] pieceIds) {
        if (to - from <= LONGEST_PIECE) {
            int slot = slot(text, from, to);
            pieces[slot] = text.substring(from, to);
            ids[slot] = pieceIds;
        }
    }

    private static int slot(String text, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + text.charAt(i);
        }
        return hash * 0x9e3779b9 >>> 32 - BITS; // 2^32 divided by the golden ratio
    }
}
