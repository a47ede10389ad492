package org.flowrl.transformer.text;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Seeded texts that mix what tokenizers disagree on: scripts, marks in and out of order, white space, digits of all
/// kinds, contractions, emoji sequences, added tokens, and any other code point that is assigned.
final class RandomTexts {
    private static final int MOST_PARTS = 24;
    private static final int LONGEST_RUN = 12;
    /// Neighbouring code points are of one script.
    private static final int SCRIPT_WIDTH = 96;
    private static final String SPACES = " \t\n\r\u000b\f\u0085\u00a0\u1680\u2003\u2028\u2029\u3000\u200b\ufeff";
    private static final List<String> CONTRACTIONS = List.of("'s", "'T", "'ll", "'RE", "'Ve", "'d", "'m", "'ſ", "''");

    private final SplittableRandom random;
    private final int[] codePoints;
    private final int[] marks;
    private final List<String> addedTokens;

    /// @param codePoints to draw from, ascending
    /// @param addedTokens put into texts as they are, at times without their last character
    RandomTexts(long seed, int[] codePoints, List<String> addedTokens) {
        this.random = new SplittableRandom(seed);
        this.codePoints = codePoints;
        this.marks = IntStream.of(codePoints).filter(RandomTexts::isMark).toArray();
        this.addedTokens = addedTokens;
    }

    /// Whether a code point combines with the one before it.
    static boolean isMark(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
    }

    /// The next text.
    String next() {
        StringBuilder text = new StringBuilder();
        for (int parts = random.nextInt(1, MOST_PARTS + 1); parts > 0; parts--) {
            append(text);
        }
        return text.toString();
    }

    private void append(StringBuilder text) {
        int run = random.nextInt(1, LONGEST_RUN + 1);
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> repeat(run, () -> text.append((char) random.nextInt(' ', 0x7f)));
            case 3 -> repeat(random.nextInt(1, 4),
                    () -> text.append(SPACES.charAt(random.nextInt(SPACES.length()))));
            case 4, 5 -> script(text, run);
            case 6 -> repeat(run, () -> text.appendCodePoint(codePoints[random.nextInt(codePoints.length)]));
            case 7 -> {
                script(text, 1);
                repeat(random.nextInt(1, 5), () -> text.appendCodePoint(marks[random.nextInt(marks.length)]));
            }
            case 8 -> text.append(CONTRACTIONS.get(random.nextInt(CONTRACTIONS.size())));
            default -> {
                String token = addedTokens.get(random.nextInt(addedTokens.size()));
                text.append(token, 0, token.length() - random.nextInt(2));
            }
        }
    }

    private void script(StringBuilder text, int run) {
        int start = random.nextInt(codePoints.length);
        int width = Math.min(SCRIPT_WIDTH, codePoints.length - start);
        repeat(run, () -> text.appendCodePoint(codePoints[start + random.nextInt(width)]));
    }

    private static void repeat(int times, Runnable action) {
        for (int i = 0; i < times; i++) {
            action.run();
        }
    }
}
