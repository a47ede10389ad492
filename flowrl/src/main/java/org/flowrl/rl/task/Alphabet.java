package org.flowrl.rl.task;

import java.util.List;
import java.util.stream.Stream;
import org.flowrl.transformer.text.Tokenizer;

/// The tiny language of a built-in task: one token a symbol beside `<eos>`, `<bos>` and `<sep>`.
final class Alphabet {
    private static final String BEGIN = "<bos>";
    private static final String SEPARATOR = "<sep>";
    private static final List<String> CONTROL = List.of("<eos>", BEGIN, SEPARATOR);

    private Alphabet() {
    }

    /// The tokenizer of a task's symbols: control tokens have the first ids, then the symbols have theirs in order.
    ///
    /// @param tags of the task's own, after the control tokens
    /// @param symbols one character each
    static Tokenizer tokenizer(List<String> symbols, String... tags) {
        return Tokenizer.ofAlphabet(Stream.concat(CONTROL.stream(), Stream.of(tags)).toList(), symbols);
    }

    /// The symbols of a text, one string each.
    static List<String> symbols(String text) {
        return text.chars().mapToObj(Character::toString).toList();
    }

    /// A question in the language. It ends in a separator of its own, because FlowRL's log Z leaves out the last prompt
    /// token.
    static String prompt(String question) {
        return BEGIN + question + SEPARATOR;
    }
}
