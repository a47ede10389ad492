package org.flowrl.gpu;

import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// The language-model head, of heads.cu: logits of some rows at a time over the whole vocabulary, in one reused buffer,
/// by a product; then one block folds, draws or differentiates each row. N rows, D hidden, V words.
final class CudaHeads implements HeadKernels {
    /// Bytes of logits that are held at a time: rows enough for a product to run at full speed.
    private static final long LOGITS_BYTES = 256 << 20;
    /// The grid's limit in its second dimension.
    private static final long MOST_ROWS = 65_535;
    /// Words for each thread of a block that draws or folds.
    private static final long WORDS_EACH = 8;

    private final Card card;
    private final Products products;

    CudaHeads(Card card, Products products) {
        this.card = card;
        this.products = products;
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
        long rowBytes = Math.max(1, weight.rows()) * Float.BYTES;
        long most = Math.clamp(LOGITS_BYTES / rowBytes, 1, Math.clamp(hidden.dim(0), 1, MOST_ROWS));
        long logits = card.scratch().address(Scratch.Use.LOGITS, most * rowBytes);
        for (long from = 0; from < hidden.dim(0); from += most) {
            Part part = new Part(from, Math.min(most, hidden.dim(0) - from), logits);
            products.forward(part.of(hidden).address(), weight, 0, part.rows, weight.rows(), logits);
            use.of(part);
        }
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
        long words = weight.rows();
        forParts(hidden, own, part -> {
            launch("logitGradients", part, weight, temperature).tensor(part.of(targets)).tensor(part.of(entropy))
                    .tensor(part.of(lse)).tensor(part.of(dLogProb))
                    .tensor(part.of(dEntropy == null ? dLogProb : dEntropy)).integer(dEntropy == null ? 0 : 1)
                    .number(part.from).fault(Fault.LOG_PROBS_BACKWARD_TARGETS).overColumns(words, part.rows);
            products.inputGradient(part.logits, own, part.rows, part.of(dhidden).address(), false);
            if (dweight != null) {
                products.weightGradient(part.logits, part.of(hidden).address(), own.storage(), part.rows, words,
                        weight.columns(), dweight.address());
            }
        });
    }

    @Override
    public void sample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb) {
        Arguments.headsSample(hidden, weight, law, uniforms, tokens, logProb);
        card.requireFloats("sample", hidden);
        boolean isGreedy = law.temperature() == 0;
        forParts(hidden, CudaMatmul.Packed.of("sample", weight), part ->
                launch("sampleLogits", part, weight, isGreedy ? 1 : law.temperature()).integer(isGreedy ? 1 : 0)
                        .number(law.topK()).wide(law.topP()).tensor(part.of(uniforms)).tensor(part.of(tokens))
                        .tensor(part.of(logProb)).number(part.from).fault(Fault.SAMPLE_ROWS)
                        .fault(Fault.SAMPLE_UNIFORMS).grid(part.rows, 1, threads(weight.rows()), 0));
    }
}
