package org.flowrl.gpu;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// The language-model head, of heads.cu: logits of some rows at a time over the whole vocabulary, in one reused buffer,
/// by a product; then one block folds, draws or differentiates each row. N rows, D hidden, V words.
///
/// Where the weight is BF16, gradients of logits are written once, as BF16, and for several parts of logits together:
/// a weight's gradient [V, D] is read and written by every product that adds to it, which over K rows does K / 4
/// operations for each of its bytes. A card that does 700 TFLOP/s and moves 3 TB/s needs 233, that is 933 rows.
final class CudaHeads implements HeadKernels {
    /// Bytes of logits that are held at a time: rows enough for a product to run at full speed.
    private static final long LOGITS_BYTES = 256 << 20;
    /// Bytes of their gradients that are held at a time, in BF16: some 1,700 rows of 152,064 words.
    private static final long GRADIENT_BYTES = 512 << 20;
    /// Rows that tiles of cuBLAS's kernels come in: a part is whole tiles.
    private static final long TILE_ROWS = 128;
    /// Words for each thread of a block that draws or folds.
    private static final long WORDS_EACH = 8;
    /// Words of a part of a row, and bytes of its sums, as heads.cu has them.
    private static final long PART_WORDS = 16L * Kernels.BLOCK_THREADS;
    private static final long PART_SUM_BYTES = 2L * Double.BYTES;
    /// Words for each thread that writes gradients: two accesses of four.
    private static final long WORDS_EACH_GRADIENT = 8;

    private final Card card;
    private final Products products;
    private final long logitsBytes;
    private final long gradientBytes;

    CudaHeads(Card card, Products products) {
        this(card, products, LOGITS_BYTES, GRADIENT_BYTES);
    }

    /// @param logitsBytes of logits that are held at a time
    /// @param gradientBytes of their gradients in BF16
    CudaHeads(Card card, Products products, long logitsBytes, long gradientBytes) {
        this.card = card;
        this.products = products;
        this.logitsBytes = logitsBytes;
        this.gradientBytes = gradientBytes;
    }

    /// Some rows, whose logits lie at `logits`.
    private record Part(long from, long rows, long logits) {
        Tensor of(Tensor tensor) {
            return tensor.slice(from, rows);
        }
    }

    /// What is done with the logits of some rows.
    @FunctionalInterface
    private interface Use {
        void of(Part part);
    }

    private void forParts(Tensor hidden, CudaMatmul.Packed weight, Use use) {
        forParts(hidden, weight, 0, hidden.dim(0), use);
    }

    /// As {@link #forParts(Tensor, CudaMatmul.Packed, Use)}, for `rows` rows from `first` on.
    private void forParts(Tensor hidden, CudaMatmul.Packed weight, long first, long rows, Use use) {
        long rowBytes = Math.max(1, weight.rows()) * Float.BYTES;
        long most = heldRows(logitsBytes / rowBytes, Math.min(rows, CudaRows.MOST_LAYERS));
        long logits = card.scratch().address(Scratch.Use.LOGITS, most * rowBytes);
        for (long from = first; from < first + rows; from += most) {
            Part part = new Part(from, Math.min(most, first + rows - from), logits);
            products.forward(part.of(hidden).address(), weight, 0, part.rows, weight.rows(), logits);
            use.of(part);
        }
    }

    /// Rows that are held at a time: at least 1, at most `rows`, and whole tiles where there is room for `room` rows
    /// and not for all.
    static long heldRows(long room, long rows) {
        long held = Math.clamp(room, 1, Math.max(1, rows));
        return held == rows || held < TILE_ROWS ? held : held / TILE_ROWS * TILE_ROWS;
    }

    private Kernels.Launch launch(String kernel, Part part, PackedMatrix weight, double temperature) {
        return card.kernels().launch("heads", kernel).number(part.logits).number(weight.rows()).real(temperature);
    }

    /// Threads of a block for one row: a few words each, whole warps.
    private static int threads(long words) {
        return (int) Math.clamp(Math.ceilDiv(words, WORDS_EACH * Kernels.WARP) * Kernels.WARP, Kernels.WARP,
                Kernels.BLOCK_THREADS);
    }

    @Override
    public void logProbs(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature, Tensor logProb,
            Tensor entropy, Tensor lse) {
        Arguments.headsLogProbs(hidden, weight, targets, temperature, logProb, entropy, lse);
        card.requireFloats("logProbs", hidden);
        forParts(hidden, CudaMatmul.Packed.of("logProbs", weight), part ->
                launch("foldLogits", part, weight, temperature).tensor(part.of(targets)).tensor(part.of(logProb))
                        .tensor(part.of(entropy)).tensor(part.of(lse)).number(part.from)
                        .fault(Fault.LOG_PROBS_TARGETS).grid(part.rows, 1, threads(weight.rows()), 0));
    }

    @Override
    public void logProbsBackward(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature,
            Tensor entropy, Tensor lse, Tensor dLogProb, Tensor dEntropy, Tensor dhidden, Tensor dweight) {
        Arguments.headsLogProbsBackward(hidden, weight, targets, temperature, entropy, lse, dLogProb, dEntropy,
                dhidden, dweight);
        card.requireFloats("logProbsBackward", hidden);
        CudaMatmul.Packed own = CudaMatmul.Packed.of("logProbsBackward", weight);
        Differentiation kernel = (name, part) -> launch(name, part, weight, temperature).tensor(part.of(targets))
                .tensor(part.of(entropy)).tensor(part.of(lse)).tensor(part.of(dLogProb))
                .tensor(part.of(dEntropy == null ? dLogProb : dEntropy)).integer(dEntropy == null ? 0 : 1)
                .number(part.from).fault(Fault.LOG_PROBS_BACKWARD_TARGETS);
        if (own.storage() == DType.BF16) {
            backwardRounded(hidden, own, kernel, dhidden, dweight);
        } else {
            forParts(hidden, own, part -> {
                kernel.of("logitGradients", part).overColumns(own.rows(), part.rows);
                products(part.of(hidden), own, part.logits, part.of(dhidden), dweight);
            });
        }
    }

    /// A launch of a kernel that differentiates the logits of some rows, without its grid.
    @FunctionalInterface
    private interface Differentiation {
        Kernels.Launch of(String name, Part part);
    }

    private void backwardRounded(Tensor hidden, CudaMatmul.Packed weight, Differentiation kernel, Tensor dhidden,
            Tensor dweight) {
        long words = weight.rows();
        long rowBytes = Math.max(1, words) * weight.storage().bytes();
        long most = heldRows(gradientBytes / rowBytes, hidden.dim(0));
        long gradients = card.scratch().address(Scratch.Use.LOGIT_GRADIENTS, most * rowBytes);
        for (long from = 0; from < hidden.dim(0); from += most) {
            long start = from;
            long rows = Math.min(most, hidden.dim(0) - from);
            forParts(hidden, weight, start, rows, part -> kernel.of("narrowLogitGradients", part)
                    .number(gradients + (part.from - start) * rowBytes)
                    .overColumns(Math.ceilDiv(words, WORDS_EACH_GRADIENT), part.rows));
            products(hidden.slice(start, rows), weight, gradients, dhidden.slice(start, rows), dweight);
        }
    }

    /// What comes of the gradients of some rows' logits, which lie at `dlogits` in the weight's type.
    private void products(Tensor hidden, CudaMatmul.Packed weight, long dlogits, Tensor dhidden, Tensor dweight) {
        products.inputGradientOfRounded(dlogits, weight, hidden.dim(0), dhidden.address(), false);
        if (dweight != null) {
            products.weightGradientOfRounded(dlogits, hidden.address(), weight.storage(), hidden.dim(0),
                    weight.rows(), weight.columns(), dweight.address());
        }
    }

    /// Draws from whole distributions, a row's sums by several blocks: a decoding step has fewer rows than a card has
    /// multiprocessors.
    private void sampleWhole(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb, long parts) {
        forParts(hidden, CudaMatmul.Packed.of("sample", weight), part -> {
            long sums = card.scratch().address(Scratch.Use.SUMS, part.rows * parts * PART_SUM_BYTES);
            launch("sumParts", part, weight, law.temperature()).number(sums)
                    .grid(parts, part.rows, Kernels.BLOCK_THREADS, 0);
            launch("sampleParts", part, weight, law.temperature()).number(sums).integer(parts)
                    .tensor(part.of(uniforms)).tensor(part.of(tokens)).tensor(part.of(logProb)).number(part.from)
                    .fault(Fault.SAMPLE_ROWS).fault(Fault.SAMPLE_UNIFORMS)
                    .grid(part.rows, 1, Kernels.BLOCK_THREADS, 0);
        });
    }

    @Override
    public void sample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb) {
        Arguments.headsSample(hidden, weight, law, uniforms, tokens, logProb);
        card.requireFloats("sample", hidden);
        boolean isGreedy = law.temperature() == 0;
        long parts = Math.max(1, Math.ceilDiv(weight.rows(), PART_WORDS));
        if (!isGreedy && law.topK() == 0 && law.topP() == 1 && parts <= Kernels.BLOCK_THREADS) {
            sampleWhole(hidden, weight, law, uniforms, tokens, logProb, parts);
            return;
        }
        forParts(hidden, CudaMatmul.Packed.of("sample", weight), part ->
                launch("sampleLogits", part, weight, isGreedy ? 1 : law.temperature()).integer(isGreedy ? 1 : 0)
                        .number(law.topK()).wide(law.topP()).tensor(part.of(uniforms)).tensor(part.of(tokens))
                        .tensor(part.of(logProb)).number(part.from).fault(Fault.SAMPLE_ROWS)
                        .fault(Fault.SAMPLE_UNIFORMS).grid(part.rows, 1, threads(weight.rows()), 0));
    }
}
