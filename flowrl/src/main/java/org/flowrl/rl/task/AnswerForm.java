package org.flowrl.rl.task;

import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// The form of a task's answers where all are of one length: the symbols that may stand at each place.
final class AnswerForm {
    private final List<Place> places;
    /// Made once: in early training it is the verdict of most responses.
    private final Optional<Verdict> unfinished;

    /// @param places from left to right
    AnswerForm(List<Place> places) {
        this.places = List.copyOf(places);
        this.unfinished = unparsable("not finished after " + tokens() + " tokens");
    }

    /// One place of an answer.
    ///
    /// @param symbols that may stand there
    /// @param name of them, for the reason why a response is no answer
    record Place(String symbols, String name) {
    }

    /// Answers of `length` symbols, each one of `symbols`.
    static AnswerForm of(int length, String symbols, String name) {
        return new AnswerForm(Collections.nCopies(length, new Place(symbols, name)));
    }

    /// Symbols in an answer.
    int length() {
        return places.size();
    }

    /// Tokens of an answer, its end included.
    int tokens() {
        return length() + 1;
    }

    /// Why a response is no answer, without a reward; empty where it is one.
    ///
    /// @param finished false where the response was cut at the length limit
    Optional<Verdict> malformed(String response, boolean finished) {
        if (!finished) {
            return unfinished;
        }
        if (response.length() != length()) {
            return unparsable(response.length() + " characters, not " + length());
        }
        for (int i = 0; i < length(); i++) {
            char symbol = response.charAt(i);
            if (places.get(i).symbols().indexOf(symbol) < 0) {
                return unparsable("character " + i + " is '" + symbol + "', not " + places.get(i).name());
            }
        }
        return Optional.empty();
    }

    private static Optional<Verdict> unparsable(String reason) {
        return Optional.of(new Verdict.Unparsable(0, reason));
    }
}
