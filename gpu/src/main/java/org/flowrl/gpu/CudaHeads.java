package org.flowrl.gpu;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// The language-model head, of heads.cu: logits of some rows and of a range of words at a time, by a product, in one
/// reused buffer that is small enough to stay in the card's second-level cache; there they are folded, or
/// differentiated into gradients of BF16. N rows, D hidden, V words.
///
/// **What it costs**, by arithmetic and not by measurement, for a range of 2,048 rows and 4,096 words of the 0.5B shape
/// (D = 896, V = 151,936), in microseconds. Assumed of an H100: products at 600 TFLOP/s, device memory at 3.35 TB/s and
/// what is in 50 MiB of second-level cache at 5.5 TB/s, 132 multiprocessors at 1.7 GHz that issue 128 instructions a
/// cycle (28.7 T/s) and raise two to 16 powers (3.6 T/s), 1.5 between two kernels, and a temperature of 1.
///
/// | | forward | backward |
/// |---|---|---|
/// | products: 15.0 GFLOP each, 1 or 3 | 25.1 | 75.2 |
/// | logits, 33.6 MB, from the cache | 6.1 | 6.1 |
/// | gradients, 16.8 MB, to memory | | 5.0 |
/// | powers, 8.4 M | 2.3 | 2.3 |
/// | instructions, about 11 and 16 a logit | 3.2 | 4.7 |
/// | longest of these, and a launch | 7.6 | 7.6 |
/// | of the products' time | 30 % | 10 % |
///
/// Logits that went through memory would take 10.0 instead of 6.1, and the contract's polynomial some 22 instructions a
/// logit, hence {@link #RANGE_BYTES} and the card's own power of two, which is within two units of the last place. At D
/// = 3,584 (7B) products take four times as long, and shares are a quarter. Logits stay F32: in BF16 one of 20 would be
/// off by up to 0.06, and a log-probability with it. The whole tiles of 128 · 256 in a range are 256, two for nearly
/// each multiprocessor: a range of 16 MiB would leave a launch half as much to hide behind, one of 64 MiB the cache.
///
/// Where the weight is BF16, gradients of logits are written once, as BF16, for all words and many rows together: a
/// weight's gradient [V, D] is read and written by every product that adds to it, which over K rows does K / 4
/// operations for each of its bytes. A card that does 700 TFLOP/s and moves 3 TB/s needs 233, that is 933 rows. The
/// hidden states' gradient is one product over all words, too, since over a range of them it has too few tiles for a
/// card.
final class CudaHeads implements HeadKernels {
    /// Bytes of logits that are held at a time in the backward pass over an F32 weight.
    private static final long LOGITS_BYTES = 256 << 20;
    /// Bytes of the logits of a range.
    private static final long RANGE_BYTES = 32 << 20;
    /// Rows whose ranges are computed one after the other.
    private static final long MOST_ROWS = 2048;
    /// Bytes of gradients that are held at a time, in BF16: 2,048 rows of 152,064 words, and some.
    private static final long GRADIENT_BYTES = 640 << 20;
    /// Bytes of a part's fold, as heads.cu has it, and words of each thread that writes gradients.
    private static final long FOLD_BYTES = 3L * Float.BYTES;
    private static final long WORDS_BESIDE = 8;

    private final Card card;
    private final Products products;
    private final Room room;
    private final LogitParts wholeRows;
    private final CudaDraws draws;

    CudaHeads(Card card, Products products) {
        this(card, products, new Room(MOST_ROWS, RANGE_BYTES, LOGITS_BYTES, GRADIENT_BYTES));
    }

    CudaHeads(Card card, Products products, Room room) {
        this.card = card;
        this.products = products;
        this.room = room;
        this.wholeRows = new LogitParts(card, products, room.logitsBytes);
        this.draws = new CudaDraws(card, products);
    }

    /// How much is held at a time.
    ///
    /// @param rows whose ranges are computed one after the other
    /// @param rangeBytes of a range's logits, but a part of words at least
    /// @param logitsBytes of logits of whole rows, in F32
    /// @param gradientBytes of gradients of whole rows, in BF16
    record Room(long rows, long rangeBytes, long logitsBytes, long gradientBytes) {
        /// Words of a range: whole parts, or all.
        private long words(long rows, long words) {
            long parts = Math.max(1, rangeBytes / (Math.max(1, rows) * Float.BYTES) / LogitParts.PART_WORDS);
            return Math.min(words, parts * LogitParts.PART_WORDS);
        }
    }

    /// Some rows whose hidden states are an operand of products at `states`.
    private record Rows(long from, long count, long states) {
        Tensor of(Tensor tensor) {
            return tensor.slice(from, count);
        }
    }

    /// Logits [rows, width] of words from `from` on.
    private record Range(long from, long width, long logits) {
    }

    @FunctionalInterface
    private interface RowsUse {
        void of(Rows rows);
    }

    @FunctionalInterface
    private interface RangeUse {
        void of(Range range);
    }

    /// Rounds hidden states once for all ranges.
    private void eachRows(Tensor hidden, CudaMatmul.Packed weight, long most, RowsUse use) {
        for (long from = 0; from < hidden.dim(0); from += most) {
            long count = Math.min(most, hidden.dim(0) - from);
            Tensor some = hidden.slice(from, count);
            use.of(new Rows(from, count, products.operand(some.address(), some.elements(), weight.storage(),
                    Scratch.Use.LEFT)));
        }
    }

    private void eachRange(Rows rows, CudaMatmul.Packed weight, RangeUse use) {
        long most = room.words(rows.count, weight.rows());
        long logits = card.scratch().address(Scratch.Use.LOGITS, rows.count * most * Float.BYTES);
        for (long from = 0; from < weight.rows(); from += most) {
            Range range = new Range(from, Math.min(most, weight.rows() - from), logits);
            products.forwardOfRounded(rows.states, weight, from, rows.count, range.width, logits);
            use.of(range);
        }
    }

    @Override
    public void logProbs(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature, Tensor logProb,
            Tensor entropy, Tensor lse) {
        Arguments.headsLogProbs(hidden, weight, targets, temperature, logProb, entropy, lse);
        card.requireFloats("logProbs", hidden);
        CudaMatmul.Packed own = CudaMatmul.Packed.of("logProbs", weight);
        long parts = LogitParts.parts(own.rows());
        eachRows(hidden, own, room.rows, rows -> {
            long folds = card.scratch().address(Scratch.Use.SUMS, rows.count * (parts * FOLD_BYTES + Float.BYTES));
            long chosen = folds + rows.count * parts * FOLD_BYTES;
            eachRange(rows, own, range -> card.kernels().launch("heads", "foldParts").number(range.logits)
                    .number(range.width).real(temperature).tensor(rows.of(targets)).number(range.from)
                    .number(folds + range.from / LogitParts.PART_WORDS * rows.count * FOLD_BYTES).number(chosen)
                    .grid(LogitParts.parts(range.width), rows.count, LogitParts.threads(range.width), 0));
            card.kernels().launch("heads", "foldRows").number(folds).number(parts).number(chosen)
                    .tensor(rows.of(targets)).number(own.rows()).tensor(rows.of(logProb)).tensor(rows.of(entropy))
                    .tensor(rows.of(lse)).number(rows.count).number(rows.from).fault(Fault.LOG_PROBS_TARGETS)
                    .over(rows.count);
        });
    }

    /// What gradients of logits are made of, but for the logits.
    private record Terms(double temperature, Tensor targets, Tensor entropy, Tensor lse, Tensor dLogProb,
            Tensor dEntropy) {
        /// Adds the per-row terms of rows from `from` on to a launch, after those that say which words.
        Kernels.Launch addTo(Kernels.Launch launch, long from, long rows) {
            return launch.tensor(entropy.slice(from, rows)).tensor(lse.slice(from, rows))
                    .tensor(dLogProb.slice(from, rows)).tensor((dEntropy == null ? dLogProb : dEntropy)
                            .slice(from, rows)).integer(dEntropy == null ? 0 : 1).number(from)
                    .fault(Fault.LOG_PROBS_BACKWARD_TARGETS);
        }
    }

    @Override
    public void logProbsBackward(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature,
            Tensor entropy, Tensor lse, Tensor dLogProb, Tensor dEntropy, Tensor dhidden, Tensor dweight) {
        Arguments.headsLogProbsBackward(hidden, weight, targets, temperature, entropy, lse, dLogProb, dEntropy,
                dhidden, dweight);
        card.requireFloats("logProbsBackward", hidden);
        CudaMatmul.Packed own = CudaMatmul.Packed.of("logProbsBackward", weight);
        Terms terms = new Terms(temperature, targets, entropy, lse, dLogProb, dEntropy);
        if (own.storage() == DType.BF16) {
            backwardRounded(hidden, own, terms, dhidden, dweight);
        } else {
            backward(hidden, own, terms, dhidden, dweight);
        }
    }

    private void backward(Tensor hidden, CudaMatmul.Packed weight, Terms terms, Tensor dhidden, Tensor dweight) {
        wholeRows.each(hidden, weight, part -> {
            Kernels.Launch launch = card.kernels().launch("heads", "logitGradients").number(part.logits())
                    .number(weight.rows()).real(terms.temperature).tensor(part.of(terms.targets));
            terms.addTo(launch, part.from(), part.rows()).overColumns(weight.rows(), part.rows());
            products(part.logits(), part.of(hidden).address(), weight, part.of(dhidden), dweight);
        });
    }

    private void backwardRounded(Tensor hidden, CudaMatmul.Packed weight, Terms terms, Tensor dhidden,
            Tensor dweight) {
        long words = weight.rows();
        long rowBytes = Math.max(1, words) * weight.storage().bytes();
        long most = LogitParts.heldRows(Math.min(room.rows, room.gradientBytes / rowBytes), hidden.dim(0));
        long gradients = card.scratch().address(Scratch.Use.LOGIT_GRADIENTS, most * rowBytes);
        eachRows(hidden, weight, most, rows -> {
            eachRange(rows, weight, range -> {
                Kernels.Launch launch = card.kernels().launch("heads", "narrowLogitGradients").number(range.logits)
                        .number(range.width).real(terms.temperature).tensor(rows.of(terms.targets))
                        .number(range.from).number(words);
                terms.addTo(launch, rows.from, rows.count).number(gradients)
                        .overColumns(Math.ceilDiv(range.width, WORDS_BESIDE), rows.count);
            });
            products(gradients, rows.states, weight, rows.of(dhidden), dweight);
        });
    }

    /// What comes of the gradients of some rows' logits, which lie at `dlogits` as operands of products, as the hidden
    /// states do at `states`.
    private void products(long dlogits, long states, CudaMatmul.Packed weight, Tensor dhidden, Tensor dweight) {
        products.inputGradientOfRounded(dlogits, weight, dhidden.dim(0), dhidden.address(), false);
        if (dweight != null) {
            products.weightGradientOfRounded(dlogits, states, weight.storage(), dhidden.dim(0), weight.rows(),
                    weight.columns(), dweight.address());
        }
    }

    @Override
    public void sample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb) {
        Arguments.headsSample(hidden, weight, law, uniforms, tokens, logProb);
        card.requireFloats("sample", hidden);
        draws.sample(hidden, weight, law, uniforms, tokens, logProb);
    }
}
