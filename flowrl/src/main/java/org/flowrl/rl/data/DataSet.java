package org.flowrl.rl.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import org.flowrl.rl.task.Problem;

/// Problems from a local file, each once, in the order of the file.
///
/// ```java
/// DataSet math = DataSet.read(Path.of("dapo-math-17k.parquet"));
/// ```
/// Rows without a gold answer are left out, and of rows with one and the same problem the first is kept: DAPO-Math-17k
/// as published has each about a hundred times. What was left out is counted. The order in which training asks is
/// [org.flowrl.rl.Epochs]'.
///
/// @param file where they came from
/// @param fields which fields are what
/// @param problems at least one; an answer is the row's gold answer
/// @param counts what the file held
public record DataSet(Path file, Fields fields, List<Problem> problems, Counts counts) {
    /// Copies its argument.
    public DataSet {
        problems = List.copyOf(problems);
    }

    /// What a file held.
    ///
    /// @param rows all
    /// @param withoutGold rows without a gold answer
    /// @param duplicates rows with the problem and the gold answer of an earlier one
    /// @param conflicts rows with the problem of an earlier one and another gold answer
    /// @param filtered problems that [#where] left out
    public record Counts(long rows, long withoutGold, long duplicates, long conflicts, long filtered) {
    }

    /// The problems of a file of one of the layouts that are known, {@link Fields#KNOWN}.
    ///
    /// @throws DataException as {@link #read(Path, List)}
    public static DataSet read(Path file) {
        return read(file, Fields.KNOWN);
    }

    /// The problems of a file.
    ///
    /// @param layouts which fields are what; the first rows decide among them
    /// @throws DataException where the file breaks its format's rules, a row has no problem, or no problem is left;
    ///         naming file and place
    public static DataSet read(Path file, List<Fields> layouts) {
        Reading reading = new Reading(file, layouts);
        DataFile.read(file, layouts.size() == 1 ? layouts.getFirst().columns() : Set.of(), reading::add);
        return reading.finish();
    }

    /// The problems of which `wanted` is true; at least one.
    ///
    /// @param what the rule, for the message where none is left
    /// @param wanted may be asked by several threads at once
    public DataSet where(String what, Predicate<Problem> wanted) {
        List<Problem> kept = problems.parallelStream().filter(wanted).toList();
        if (kept.isEmpty()) {
            throw new DataException(file + ": none of its " + problems.size() + " problems is left: " + what);
        }
        return new DataSet(file, fields, kept, new Counts(counts.rows, counts.withoutGold, counts.duplicates,
                counts.conflicts, counts.filtered + problems.size() - kept.size()));
    }

    /// One line for a log.
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%s: %,d problems from %,d rows (%s)", file,
                problems.size(), counts.rows, fields));
        append(line, counts.duplicates, "duplicates");
        append(line, counts.withoutGold, "without a gold answer");
        append(line, counts.conflicts, "with the problem of an earlier row and another answer");
        append(line, counts.filtered, "filtered out");
        return line.toString();
    }

    private static void append(StringBuilder line, long count, String what) {
        if (count > 0) {
            line.append(String.format(Locale.ROOT, ", %,d %s", count, what));
        }
    }
}
