package org.flowrl.rl.grade.code;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// One small change to a right program.
///
/// @param problem its id
/// @param offset where in the canonical solution, in characters
/// @param from what stands there
/// @param to what takes its place
record Mutation(String problem, int offset, String from, String to) {
    /// Decides which site of each solution is changed.
    private static final long SEED = 20250915;
    private static final Map<String, String> OPERATORS = Map.ofEntries(Map.entry(" < ", " <= "),
            Map.entry(" <= ", " < "), Map.entry(" > ", " >= "), Map.entry(" >= ", " > "), Map.entry(" == ", " != "),
            Map.entry(" != ", " == "), Map.entry(" + ", " - "), Map.entry(" - ", " + "), Map.entry(" * ", " + "),
            Map.entry(" / ", " * "), Map.entry(" % ", " / "), Map.entry(" && ", " || "), Map.entry(" || ", " && "),
            Map.entry("true", "false"), Map.entry("false", "true"));
    /// The operators above, and whole numbers, which become one greater.
    private static final Pattern SITE = Pattern.compile(
            " (?:<=?|>=?|==|!=|[-+*/%]|&&|\\|\\|) |\\b(?:true|false)\\b|(?<![\\w.])\\d{1,8}(?![\\w.])");

    /// The seeded choice for a solution; empty where it has no site.
    static Optional<Mutation> of(String problem, String solution) {
        List<MatchResult> sites = SITE.matcher(solution).results().toList();
        if (sites.isEmpty()) {
            return Optional.empty();
        }
        MatchResult site = sites.get(new Random(SEED + problem.hashCode()).nextInt(sites.size()));
        String from = site.group();
        String to = OPERATORS.containsKey(from) ? OPERATORS.get(from) : String.valueOf(Integer.parseInt(from) + 1);
        return Optional.of(new Mutation(problem, site.start(), from, to));
    }

    String apply(String solution) {
        return solution.substring(0, offset) + to + solution.substring(offset + from.length());
    }

    /// As the recorded list has it, before the outcome.
    String line() {
        return problem + "\t" + offset + "\t" + from.strip() + "\t" + to.strip();
    }
}
