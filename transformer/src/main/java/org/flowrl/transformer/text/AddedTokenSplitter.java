package org.flowrl.transformer.text;

import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/// Finds added tokens in a text: of the matches that start leftmost the longest, then on after its end.
///
/// A trie over the contents; only positions whose character begins some content leave the first line of the search.
/// Matching, discarding and stripping follow `AddedVocabulary` of the `tokenizers` library.
final class AddedTokenSplitter {
    /// Takes the parts of a text, from left to right, that together make up all of it.
    interface Parts {
        /// A stretch without added tokens, `from < to`.
        void text(String text, int from, int to);

        /// An added token.
        void token(int id);
    }

    private record Match(int start, int end, AddedToken token) {
    }

    private final Node root = new Node();

    /// A splitter on `tokens`, each matched in the form that `form` gives its content.
    AddedTokenSplitter(List<AddedToken> tokens, UnaryOperator<String> form) {
        for (AddedToken token : tokens) {
            root.insert(form.apply(token.content()), token);
        }
    }

    /// Hands the parts of `text` between `from` and `to` to `parts`.
    void split(String text, int from, int to, Parts parts) {
        int done = from;
        int search = from;
        for (Match match = find(text, search, to); match != null; match = find(text, search, to)) {
            search = match.end;
            AddedToken token = match.token;
            if (token.singleWord() && !standsAlone(text, match, from, to)) {
                continue;
            }
            int start = token.lstrip() ? withSpaceBefore(text, match.start, done) : match.start;
            if (done < start) {
                parts.text(text, done, start);
            }
            parts.token(token.id());
            done = token.rstrip() ? withSpaceAfter(text, match.end, to) : match.end;
        }
        if (done < to) {
            parts.text(text, done, to);
        }
    }

    private Match find(String text, int from, int to) {
        for (int start = from; start < to; start++) {
            Node node = root.child(text.charAt(start));
            Match longest = null;
            for (int end = start + 1; node != null; end++) {
                if (node.token != null) {
                    longest = new Match(start, end, node.token);
                }
                node = end < to ? node.child(text.charAt(end)) : null;
            }
            if (longest != null) {
                return longest;
            }
        }
        return null;
    }

    private static boolean standsAlone(String text, Match match, int from, int to) {
        boolean wordBefore = match.start > from && isWord(text.codePointBefore(match.start));
        boolean wordAfter = match.end < to && isWord(text.codePointAt(match.end));
        return !wordBefore && !wordAfter;
    }

    /// `\w` of Unicode Technical Standard 18, annex C: alphabetic, mark, decimal digit, connector, join control.
    private static boolean isWord(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK,
                 Character.DECIMAL_DIGIT_NUMBER, Character.CONNECTOR_PUNCTUATION -> true;
            default -> Character.isAlphabetic(codePoint) || codePoint == 0x200c || codePoint == 0x200d;
        };
    }

    private static int withSpaceBefore(String text, int start, int lowest) {
        int i = start;
        while (i > lowest && QwenSplitter.isWhiteSpace(text.charAt(i - 1))) {
            i--;
        }
        return i;
    }

    private static int withSpaceAfter(String text, int end, int to) {
        int i = end;
        while (i < to && QwenSplitter.isWhiteSpace(text.charAt(i))) {
            i++;
        }
        return i;
    }

    /// A prefix of some content; its children are ordered by character.
    private static final class Node {
        private char[] characters = {};
        private Node[] children = {};
        private AddedToken token; // the token whose content ends here, or null

        Node child(char character) {
            if (characters.length == 0 || character < characters[0]) {
                return null;
            }
            int i = Arrays.binarySearch(characters, character);
            return i < 0 ? null : children[i];
        }

        void insert(String content, AddedToken added) {
            Node node = this;
            for (int i = 0; i < content.length(); i++) {
                node = node.childOrNew(content.charAt(i));
            }
            node.token = added;
        }

        private Node childOrNew(char character) {
            int i = Arrays.binarySearch(characters, character);
            if (i >= 0) {
                return children[i];
            }
            int place = -i - 1;
            int count = characters.length;
            characters = Arrays.copyOf(characters, count + 1);
            children = Arrays.copyOf(children, count + 1);
            System.arraycopy(characters, place, characters, place + 1, count - place);
            System.arraycopy(children, place, children, place + 1, count - place);
            characters[place] = character;
            children[place] = new Node();
            return children[place];
        }
    }
}
