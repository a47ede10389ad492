package org.flowrl.rl.task;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.flowrl.tensor.UnknownName;
import org.flowrl.transformer.text.Tokenizer;

/// The built-in tasks by name.
public final class Tasks {
    /// Their names.
    public static final List<String> NAMES = List.of("lattice", "lattice-12", "lattice-walls", "minicount", "modes",
            "modes-8", "countdown");

    private static final int LONG_LATTICE = 12;
    private static final int MANY_QUESTIONS = 8;

    private Tasks() {
    }

    /// The task of this name for a new model.
    ///
    /// @throws IllegalArgumentException where the name is none of {@link #NAMES}
    public static Task named(String name) {
        return named(name, Optional.empty());
    }

    /// The task of this name.
    ///
    /// @param model the tokenizer of the model folder that is trained; empty for a new model. A task that is asked in
    ///     English too, is so for a folder that does not speak the task's own language
    /// @throws IllegalArgumentException where the name is none of {@link #NAMES}
    public static Task named(String name, Optional<Tokenizer> model) {
        return switch (name) {
            case "lattice" -> new Lattice(Lattice.DEFAULT_LENGTH);
            case "lattice-12" -> new Lattice(LONG_LATTICE);
            case "lattice-walls" -> new WalledLattice();
            case "minicount" -> new MiniCount();
            case "modes" -> new Modes(Modes.DEFAULT_QUESTIONS);
            case "modes-8" -> new Modes(MANY_QUESTIONS);
            case "countdown" -> countdown(model);
            default -> throw new IllegalArgumentException(UnknownName.message("task", name, NAMES));
        };
    }

    private static Task countdown(Optional<Tokenizer> model) {
        Countdown compact = Countdown.compact();
        return model.isEmpty() || hasVocabulary(compact.tokenizer().orElseThrow(), model.get()) ? compact
                : Countdown.asText();
    }

    /// True where both tokenizers have the same ids for the same tokens.
    public static boolean hasVocabulary(Tokenizer a, Tokenizer b) {
        if (a.vocabSize() != b.vocabSize()) {
            return false;
        }
        for (int id = 0; id < a.vocabSize(); id++) {
            if (!b.id(a.token(id)).equals(OptionalInt.of(id))) {
                return false;
            }
        }
        return true;
    }
}
