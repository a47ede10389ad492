package org.flowrl.gpu;

/// A rule that a kernel finds broken while it runs, when the caller has long gone on: it notes the first place, and the
/// next wait for the card throws. The order of constants is that of the notes in device memory.
enum Fault {
    GATHER_IDS("gather: ids", "must be a row of the table"),
    SCATTER_ADD_IDS("scatterAdd: ids", "must be a row of the table"),
    ROPE_POSITIONS("rope: positions", "must be a row of cos and sin"),
    SEGMENT_SUM_STARTS("segmentSum: starts", Fault.STARTS),
    SEGMENT_BROADCAST_STARTS("segmentBroadcast: starts", Fault.STARTS),
    ATTENTION_FORWARD_STARTS("attention forward: starts", Fault.STARTS + ", from 0 to it"),
    ATTENTION_BACKWARD_STARTS("attention backward: starts", Fault.STARTS + ", from 0 to it"),
    WRITE_PAGES_SLOTS("attention writePages: slots", "must be a slot of the pages"),
    PAGED_POSITIONS("attention forwardPaged: positions", "must be a position that the page table covers"),
    PAGED_SEQUENCES("attention forwardPaged: sequences", "must be a row of the page table"),
    PAGED_TABLE("attention forwardPaged: pageTable", "must be a page"),
    LOG_PROBS_TARGETS("logProbs: targets", "must be a word"),
    LOG_PROBS_BACKWARD_TARGETS("logProbsBackward: targets", "must be a word"),
    SAMPLE_UNIFORMS("sample: uniforms", "must be in [0, 1)"),
    SAMPLE_ROWS("sample: row", "has no distribution: a logit is NaN or infinite");

    /// What a note holds while nothing is wrong: every bit set.
    static final long NONE = -1;

    private static final String STARTS = "must not decrease, up to the number of tokens";

    private final String argument;
    private final String rule;

    Fault(String argument, String rule) {
        this.argument = argument;
        this.rule = rule;
    }

    /// What the note of this fault says.
    ///
    /// @param note the index of the first wrong element in the high half, its value in the low one
    RuntimeException exception(long note) {
        long index = note >>> Integer.SIZE;
        return switch (this) {
            case SAMPLE_ROWS -> new ArithmeticException(argument + " " + index + " " + rule);
            case SAMPLE_UNIFORMS -> new IllegalArgumentException(argument + "[" + index + "] " + rule);
            case GATHER_IDS, SCATTER_ADD_IDS, ROPE_POSITIONS, SEGMENT_SUM_STARTS, SEGMENT_BROADCAST_STARTS,
                    ATTENTION_FORWARD_STARTS, ATTENTION_BACKWARD_STARTS, WRITE_PAGES_SLOTS, PAGED_POSITIONS,
                    PAGED_SEQUENCES, PAGED_TABLE, LOG_PROBS_TARGETS, LOG_PROBS_BACKWARD_TARGETS ->
                    new IllegalArgumentException(argument + "[" + index + "] = " + (int) note + " " + rule);
        };
    }
}
