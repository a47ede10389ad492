package org.flowrl.tensor;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// How a name that is none of the known ones is refused, in every module: with the one that was perhaps meant.
public final class UnknownName {
    /// A name of this many letters for each mistake is near.
    private static final int LETTERS_PER_MISTAKE = 3;
    /// Letters from which the beginning of a name stands for it.
    private static final int BEGINNING = 3;

    private UnknownName() {
    }

    /// One line: `algorithm gpro is unknown; did you mean grpo? known: flowrl, grpo, ppo`.
    ///
    /// @param what kind of name
    /// @param known in the order in which they are shown
    public static String message(String what, String name, Collection<String> known) {
        return message(what, name, nearest(name, known), String.join(", ", known));
    }

    /// As {@link #message(String, String, Collection)}, with a guess and a list of one's own.
    ///
    /// @param guess what was perhaps meant, see {@link #nearest}
    /// @param shown what follows `known: `
    public static String message(String what, String name, Optional<String> guess, String shown) {
        return what + " " + (name.isBlank() ? "'" + name + "'" : name) + " is unknown; "
                + guess.map(near -> "did you mean " + near + "? ").orElse("") + "known: " + shown;
    }

    /// The name that was perhaps meant, case aside: the nearest by mistakes (letters that are missing, too many, wrong
    /// or swapped with their neighbour) of at most one in three letters; without one, the first that begins with
    /// `name`. Of names that are equally near the first counts.
    public static Optional<String> nearest(String name, Collection<String> known) {
        String meant = name.toLowerCase(Locale.ROOT);
        List<String> candidates = List.copyOf(known);
        return candidates.stream()
                .filter(near -> mistakes(meant, near) <= Math.max(meant.length(), near.length()) / LETTERS_PER_MISTAKE)
                .min(Comparator.comparingInt(near -> mistakes(meant, near)))
                .or(() -> candidates.stream().filter(near -> meant.length() >= BEGINNING
                        && near.toLowerCase(Locale.ROOT).startsWith(meant)).findFirst());
    }

    /// The distance of optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, none of
    /// them within another (Damerau 1964; the recursion of Wagner and Fischer with a fourth case).
    private static int mistakes(String meant, String near) {
        String other = near.toLowerCase(Locale.ROOT);
        int[][] least = new int[meant.length() + 1][other.length() + 1];
        for (int i = 0; i <= meant.length(); i++) {
            for (int j = 0; j <= other.length(); j++) {
                least[i][j] = i == 0 || j == 0 ? i + j : Math.min(Math.min(least[i - 1][j], least[i][j - 1]) + 1,
                        least[i - 1][j - 1] + (meant.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1));
                if (i > 1 && j > 1 && meant.charAt(i - 1) == other.charAt(j - 2)
                        && meant.charAt(i - 2) == other.charAt(j - 1)) {
                    least[i][j] = Math.min(least[i][j], least[i - 2][j - 2] + 1);
                }
            }
        }
        return least[meant.length()][other.length()];
    }
}
