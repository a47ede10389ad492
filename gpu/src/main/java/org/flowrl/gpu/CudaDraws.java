package org.flowrl.gpu;

import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;

/// Draws of words, of draws.cu. A decoding step has fewer rows than a card has multiprocessors, so each row's logits
/// are read by a block for every {@link LogitParts#PART_WORDS} words. V words.
///
/// Of a truncated law the lowest logit that it keeps is found by eight steps for a top-k and eight for a top-p, four
/// bits of the logit's place among floats in each. Sums are in F64, over parts of a row first: what is kept and drawn
/// differs from the specification only where a threshold falls between its sums' rounding and these.
final class CudaDraws {
    /// Bytes of logits that are held at a time: 441 rows of 152,064 words.
    private static final long LOGITS_BYTES = 256 << 20;
    /// Bytes of a part's sum, of a tally and of a search's state, as draws.cu has them.
    private static final long PART_SUM_BYTES = 16;
    private static final long TALLY_BYTES = 16;
    private static final long SEARCH_BYTES = 48;
    private static final long BINS = 16;
    private static final int DIGITS = 8;
    /// A block for a row knows each part by a thread.
    private static final long MOST_WORDS = Kernels.BLOCK_THREADS * LogitParts.PART_WORDS;

    private final Card card;
    private final LogitParts logits;

    CudaDraws(Card card, Products products) {
        this.card = card;
        this.logits = new LogitParts(card, products, LOGITS_BYTES);
    }

    /// One call, and the rows of it whose logits are there.
    private record Draw(LogitParts.Part part, long words, long sums, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb) {
        private long parts() {
            return LogitParts.parts(words);
        }

        private double temperature() {
            return law.temperature() == 0 ? 1 : law.temperature();
        }

        /// Adds what all kernels that draw end with, and starts them.
        private void start(Kernels.Launch launch) {
            launch.tensor(part.of(uniforms)).tensor(part.of(tokens)).tensor(part.of(logProb)).number(part.from())
                    .fault(Fault.SAMPLE_ROWS).fault(Fault.SAMPLE_UNIFORMS)
                    .grid(part.rows(), 1, LogitParts.threads(words), 0);
        }
    }

    /// As {@link org.flowrl.tensor.HeadKernels#sample}, of arguments that were checked.
    ///
    /// @throws IllegalArgumentException where there are more words than a row has blocks for
    void sample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens, Tensor logProb) {
        long words = weight.rows();
        if (words > MOST_WORDS) {
            throw new IllegalArgumentException("sample: weight [" + words + ", " + weight.columns() + "] must have at "
                    + "most " + MOST_WORDS + " words");
        }
        logits.each(hidden, CudaMatmul.Packed.of("sample", weight), part -> {
            long sums = card.scratch().address(Scratch.Use.SUMS,
                    part.rows() * LogitParts.parts(words) * PART_SUM_BYTES);
            draw(new Draw(part, words, sums, law, uniforms, tokens, logProb));
        });
    }

    private void draw(Draw draw) {
        launch("sumParts", draw).real(draw.temperature()).number(draw.sums)
                .grid(draw.parts(), draw.part.rows(), LogitParts.threads(draw.words), 0);
        if (draw.law.temperature() == 0) {
            draw.start(launch("bestOfParts", draw).number(draw.sums).integer(draw.parts()));
        } else if (draw.law.coversVocabulary()) {
            draw.start(launch("drawWhole", draw).real(draw.temperature()).number(draw.sums).integer(draw.parts()));
        } else {
            drawKept(draw);
        }
    }

    private void drawKept(Draw draw) {
        long topK = Math.min(draw.law.topK(), draw.words);
        double topP = draw.law.topP();
        int steps = (topK > 0 ? DIGITS : 0) + (topP < 1 ? DIGITS : 0);
        long parts = draw.parts();
        long rows = draw.part.rows();
        long tallyBytes = 2 * rows * parts * BINS * TALLY_BYTES;
        long searchBytes = 2 * rows * SEARCH_BYTES;
        long tallies = card.scratch().address(Scratch.Use.TALLIES,
                tallyBytes + searchBytes + rows * parts * Double.BYTES);
        long searches = tallies + tallyBytes;
        long above = searches + searchBytes;
        for (int step = 0; step < steps; step++) {
            launch("tallyParts", draw).real(draw.temperature()).number(draw.sums).integer(step).number(topK).wide(topP)
                    .number(tallies).number(searches).number(above)
                    .grid(parts, rows, LogitParts.threads(draw.words), 0);
        }
        draw.start(launch("drawKept", draw).real(draw.temperature()).number(draw.sums).integer(parts).integer(steps)
                .number(topK).wide(topP).number(tallies).number(searches).number(above));
    }

    private Kernels.Launch launch(String kernel, Draw draw) {
        return card.kernels().launch("draws", kernel).number(draw.part.logits()).number(draw.words);
    }
}
