package org.flowrl.rl.grade.symbolic;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.flowrl.rl.grade.symbolic.Token.Kind;

/// Cuts LaTeX, or mathematics as one types it, into tokens: spacing and looks are dropped, thousands separators taken
/// out of numbers, and words told from products of letters.
final class MathLexer {
    private static final Set<String> LETTERS_IN_TEXT = Set.of("e", "i", "d");

    private final String source;
    private final StepBudget budget;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int brackets;
    private boolean spaced;

    private MathLexer(String source, StepBudget budget) {
        this.source = source;
        this.budget = budget;
    }

    /// The tokens of a text, {@link Kind#END} last.
    ///
    /// @throws ParseFailure where the text is too long or holds a character that formulas do not
    static List<Token> tokens(String text, StepBudget budget) {
        if (text.length() > MathParser.MAX_LENGTH) {
            throw new ParseFailure("a text of " + text.length() + " characters is no answer");
        }
        MathLexer lexer = new MathLexer(plain(text), budget);
        while (lexer.at < lexer.source.length()) {
            budget.spend(1);
            lexer.next();
        }
        lexer.add(Kind.END, "");
        return lexer.tokens;
    }

    private static String plain(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            String replacement = Vocabulary.CHARACTERS.get(c);
            if (replacement == null) {
                plain.append(c);
            } else {
                plain.append(replacement);
            }
        }
        // A text that went through JSON twice has two backslashes before each command.
        // "np.arcsin(10/13)": a gold answer of Minerva's that is Python.
        int numpy = plain.indexOf("np.");
        if (numpy >= 0) {
            plain.delete(numpy, numpy + "np.".length());
        }
        boolean rows = plain.indexOf("\\begin") >= 0;
        return rows ? plain.toString() : plain.toString().replaceAll("\\\\\\\\(?=[a-zA-Z({\\[)}\\]])", "\\\\");
    }

    private void next() {
        char c = source.charAt(at);
        if (Character.isWhitespace(c) || c == '~' || c == '$' || c == '€' || c == '£' || c == '¥' || c == '"') {
            at++;
            spaced = true;
        } else if (isDigit(c) || c == '.' && isDigit(charAt(at + 1))) {
            number();
        } else if (c == '\\') {
            command();
        } else if (isLetter(c)) {
            word();
        } else {
            sign(c);
        }
    }

    private void number() {
        StringBuilder digits = new StringBuilder();
        int start = at;
        takeDigits(digits);
        // 1,234 is one number where it stands alone, and two within brackets; 2500,7500 are two.
        boolean bareComma = brackets == 0 && digits.length() <= 3 && source.charAt(start) != '0';
        int separator = digits.isEmpty() ? 0 : thousandsSeparator(bareComma);
        while (separator > 0) {
            at += separator;
            takeDigits(digits);
            separator = thousandsSeparator(bareComma);
        }
        if (charAt(at) == '.' && (isDigit(charAt(at + 1)) || charAt(at + 1) == '/'
                || source.startsWith(".\\overline{", at))) {
            at++;
            digits.append('.');
            takeDigits(digits);
            if (digits.charAt(digits.length() - 1) == '.' && !source.startsWith("\\overline{", at)) {
                digits.setLength(digits.length() - 1);
            }
            if (repeating(digits)) {
                return;
            }
        }
        exponent(digits);
        add(Kind.NUMBER, digits.toString());
    }

    private void takeDigits(StringBuilder digits) {
        while (isDigit(charAt(at))) {
            digits.append(source.charAt(at++));
        }
    }

    /// How many characters stand for a thousands separator here: three digits and no fourth must follow it.
    private int thousandsSeparator(boolean bareComma) {
        int length = 0;
        for (String separator : List.of(",\\!", "{,}", "\\,", ",")) {
            if (source.startsWith(separator, at) && (separator.length() > 1 || bareComma)) {
                length = separator.length();
                while (separator.equals(",\\!") && charAt(at + length) == ' ') {
                    length++;
                }
                break;
            }
        }
        boolean three = length > 0 && isDigit(charAt(at + length)) && isDigit(charAt(at + length + 1))
                && isDigit(charAt(at + length + 2)) && !isDigit(charAt(at + length + 3));
        return three ? length : 0;
    }

    private boolean repeating(StringBuilder digits) {
        String opening = "\\overline{";
        if (!source.startsWith(opening, at)) {
            return false;
        }
        int end = source.indexOf('}', at);
        String repeated = end < 0 ? "" : source.substring(at + opening.length(), end);
        if (repeated.isEmpty() || !repeated.chars().allMatch(c -> isDigit((char) c))) {
            throw new ParseFailure("an overline after a decimal point must hold digits");
        }
        at = end + 1;
        add(Kind.REPEATING, digits + "|" + repeated);
        return true;
    }

    /// `4.5e33`: digits must follow the letter, and no further letter.
    private void exponent(StringBuilder digits) {
        if (charAt(at) != 'e' && charAt(at) != 'E') {
            return;
        }
        int end = at + 1;
        if (charAt(end) == '-' || charAt(end) == '+') {
            end++;
        }
        int first = end;
        while (isDigit(charAt(end))) {
            end++;
        }
        if (end == first || isLetter(charAt(end))) {
            return;
        }
        if (end - first > 4) {
            throw new StepBudget.Exceeded("a power of ten with " + (end - first) + " digits");
        }
        digits.append(source, at, end);
        at = end;
    }

    private void command() {
        char c = charAt(at + 1);
        if (!isLetter(c)) {
            at += 2;
            switch (c) {
                case '{' -> open("\\{");
                case '}' -> close("\\}");
                case '\\' -> {
                    rowSkip();
                    add(Kind.SIGN, "\\\\");
                }
                case '%' -> add(Kind.SIGN, "%");
                case '|' -> add(Kind.SIGN, "|");
                case '#', '&', '_' -> add(Kind.SIGN, String.valueOf(c));
                default -> spaced = true;
            }
            return;
        }
        int end = at + 1;
        while (isLetter(charAt(end))) {
            end++;
        }
        String name = source.substring(at + 1, end);
        at = end;
        resolve(name);
    }

    private void resolve(String name) {
        if (name.equals("left") || name.equals("right")) {
            if (charAt(at) == '.') {
                at++;
            }
            spaced = true;
        } else if (Vocabulary.WORDS.contains(name)) {
            words(name);
        } else if (Vocabulary.INVISIBLE.contains(name)) {
            spaced = true;
        } else if (Vocabulary.SIGNS.containsKey(name)) {
            String sign = Vocabulary.SIGNS.get(name);
            switch (sign) {
                case "\\{", "(", "[" -> open(sign);
                case "\\}", ")", "]" -> close(sign);
                default -> add(Kind.SIGN, sign);
            }
        } else if (name.startsWith("quad")) {
            // "\quadx": the blank after the command was lost.
            at -= name.length() - "quad".length();
            spaced = true;
        } else if (name.equals("hspace") || name.equals("vspace") || name.equals("phantom") || name.equals("pmod")
                || name.equals("label") || name.equals("tag")) {
            group();
            spaced = true;
        } else if (name.equals("begin") || name.equals("end")) {
            String environment = group();
            if (name.equals("begin") && environment.equals("array")) {
                group();
            }
            add(Kind.COMMAND, name);
        } else if (name.equals("mathbb")) {
            add(Kind.WORD, "\\mathbb{" + group() + "}");
        } else if (name.equals("dfrac") || name.equals("tfrac") || name.equals("cfrac")) {
            add(Kind.COMMAND, "frac");
        } else if (name.endsWith("dots")) {
            add(Kind.WORD, "…");
        } else {
            add(Kind.COMMAND, name);
        }
    }

    private void words(String command) {
        String content = group().replace("~", " ").replace("$", "").replace("\\", "").strip();
        boolean roman = !command.startsWith("text") && !command.equals("mbox") && !command.equals("hbox");
        boolean afterValue = !tokens.isEmpty() && (last().kind() == Kind.NUMBER || last().isSign("}")
                || last().isSign(")"));
        if (roman && Vocabulary.FUNCTIONS.contains(content)) {
            add(Kind.WORD, content);
        } else if (roman && content.length() == 1 && (!afterValue || LETTERS_IN_TEXT.contains(content))) {
            add(Kind.WORD, content);
        } else if (Vocabulary.PERCENT.contains(content)) {
            add(Kind.SIGN, "%");
        } else if (!content.isEmpty()) {
            add(Kind.TEXT, content);
        } else {
            spaced = true;
        }
    }

    /// The content of the braces that follow, or the next character; nothing where there is none.
    private String group() {
        while (charAt(at) == ' ') {
            at++;
        }
        if (charAt(at) != '{') {
            return at < source.length() ? String.valueOf(source.charAt(at++)) : "";
        }
        int depth = 0;
        for (int end = at; end < source.length(); end++) {
            depth += source.charAt(end) == '{' ? 1 : source.charAt(end) == '}' ? -1 : 0;
            if (depth == 0) {
                String content = source.substring(at + 1, end);
                at = end + 1;
                budget.spend(content.length());
                return content;
            }
        }
        String rest = source.substring(at + 1);
        at = source.length();
        return rest;
    }

    /// `\\[2mm]` says how far the next row is below.
    private void rowSkip() {
        if (charAt(at) == '[') {
            int end = source.indexOf(']', at);
            if (end > 0 && source.substring(at + 1, end).matches("-?[0-9.]+ ?(?:mm|cm|pt|em|ex|in)")) {
                at = end + 1;
            }
        }
    }

    private void word() {
        Optional<String> name = Vocabulary.nameAt(source, at);
        int end = at;
        while (isLetter(charAt(end))) {
            end++;
        }
        String letters = source.substring(at, end);
        String text = name.filter(known -> isWhole(known, letters)).orElse(letters.substring(0, 1));
        at += text.length();
        if (Vocabulary.PERCENT.contains(text)) {
            add(Kind.SIGN, "%");
        } else {
            add(Kind.WORD, text);
        }
    }

    /// Whether a name that begins a run of letters is a word there: the run ends with it, or it is a function of one
    /// letter ("sinx"), or a connective before a capital ("1orW(x)").
    private static boolean isWhole(String name, String letters) {
        String rest = letters.substring(name.length());
        return rest.isEmpty() || Vocabulary.FUNCTIONS.contains(name) && name.length() > 2 && rest.length() == 1
                || Vocabulary.CONNECTIVES.contains(name) && Character.isUpperCase(rest.charAt(0));
    }

    private void sign(char c) {
        String two = at + 2 <= source.length() ? source.substring(at, at + 2) : "";
        switch (two) {
            case "<=", ">=", "!=" -> {
                at += 2;
                add(Kind.SIGN, two);
            }
            case "**" -> {
                at += 2;
                add(Kind.SIGN, "^");
            }
            case "==" -> {
                at += 2;
                add(Kind.SIGN, "=");
            }
            default -> {
                at++;
                switch (c) {
                    case '(', '[' -> open(String.valueOf(c));
                    case ')', ']' -> close(String.valueOf(c));
                    case '{', '}', '+', '-', '*', '/', '^', '_', '=', '<', '>', ',', ';', ':', '|', '!', '%', '&', '\'',
                            '.' -> add(Kind.SIGN, String.valueOf(c));
                    default -> throw new ParseFailure("the character " + Character.getName(c));
                }
            }
        }
    }

    private void open(String bracket) {
        brackets++;
        add(Kind.SIGN, bracket);
    }

    private void close(String bracket) {
        brackets--;
        add(Kind.SIGN, bracket);
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, spaced));
        spaced = false;
    }

    private Token last() {
        return tokens.getLast();
    }

    private char charAt(int index) {
        return index < source.length() ? source.charAt(index) : '\0';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isLetter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }
}
