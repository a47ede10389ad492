package org.flowrl.rl.report;

import java.util.List;

/// One line in every picture: runs of one configuration that differ in their seed.
///
/// @param name as the legend has it
/// @param colour index of its colour, which is the same in all pictures of a page
/// @param runs at least one
public record Series(String name, int colour, List<RunFolder> runs) {
    /// Number of different colours; the style sheet has as many.
    public static final int COLOURS = 10;

    public Series {
        runs = List.copyOf(runs);
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("series: " + name + " must have at least one run");
        }
    }

    /// The style class of its colour.
    String style() {
        return "c" + colour % COLOURS;
    }
}
