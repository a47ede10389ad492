package org.flowrl.gpu;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// Attention, of attention.cu and, over the cache, of paged.cu; of FlashAttention where products are rounded to
/// BF16. N tokens, B sequences, H query heads, G key heads, E head size.
final class CudaAttention implements AttentionKernels {
    /// The shapes of attention.cu: keys in a tile, warps of a block, rows of a block.
    private static final int TILE = 32;
    private static final int WARPS = 4;
    private static final int TILE_ROWS = 16;
    private static final int THREADS = WARPS * Kernels.WARP;
    /// The shapes of paged.cu: warps of a block, each with a tile of keys, which make a part of a sequence, and query
    /// heads of a block.
    private static final int PART_WARPS = 8;
    private static final int SPLIT = PART_WARPS * TILE;
    private static final int BLOCK_HEADS = 8;
    /// Sizes of heads that its kernels are for, up to each.
    private static final long[] PAGED_SIZES = {64, 128, 256};
    /// Bytes of sums over parts that are held at a time.
    private static final long PARTIAL_BYTES = 64 << 20;
    /// New tokens for each row of the page table from which on a call is taken for one of prompts: a tile of tensor
    /// cores full of each of them.
    private static final long PROMPT_TOKENS = 16;

    private final Card card;
    private final Products products;
    private final FlashAttention flash;
    private final boolean isRounded;

    /// Attention beside weights of F32.
    CudaAttention(Card card, Products products) {
        this(card, products, DType.F32);
    }

    private CudaAttention(Card card, Products products, DType storage) {
        this.card = card;
        this.products = products;
        flash = new FlashAttention(card, products);
        isRounded = products.operands(storage) == DType.BF16;
    }

    /// Attention beside weights that are packed as `storage`.
    CudaAttention beside(DType storage) {
        return new CudaAttention(card, products, storage);
    }

    /// True where the operands may be rounded to BF16 and tensor cores do heads of this size; TF32's longer fractions
    /// are for products of weights only, attention stays exact there.
    private boolean isFlash(Tensor q, double scale) {
        return isRounded && FlashAttention.does(q, scale);
    }

    private Kernels.Launch launch(String kernel) {
        return card.kernels().launch("attention", kernel);
    }

    /// Bytes of the tiles of two operands, of `rows` times 16 rows of the other side, and of `weights` matrices
    /// between the two.
    private static int sharedBytes(long size, int rows, int weights) {
        return Math.toIntExact(Float.BYTES
                * (2 * TILE * (size + 1) + (long) rows * TILE_ROWS * size + (long) weights * TILE_ROWS * TILE));
    }

    private static Kernels.Launch sizes(Kernels.Launch launch, Tensor q, long groups) {
        return launch.integer(q.dim(1)).integer(groups).integer(q.dim(2));
    }

    @Override
    public void forward(Tensor q, Tensor k, Tensor v, Tensor starts, double scale, Tensor out, Tensor statistics) {
        Arguments.attentionForward(q, k, v, starts, scale, out, statistics);
        card.requireFloats("attention forward", q);
        boolean isFlash = isFlash(q, scale);
        int bytes = isFlash ? FlashAttention.forwardBytes(q.dim(2)) : sharedBytes(q.dim(2), 1, 1);
        card.requireShared("attention forward", q, bytes);
        CudaRows.checkStarts(card, starts, q.dim(0), true, Fault.ATTENTION_FORWARD_STARTS);
        if (isFlash) {
            flash.forward(q, k, v, starts, scale, out, statistics);
            return;
        }
        sizes(launch("attentionForward").tensor(q).tensor(k).tensor(v).tensor(starts).real(scale).tensor(out)
                .tensor(statistics).number(starts.elements() - 1).number(q.dim(0)), q, k.dim(1))
                .grid(Math.ceilDiv(q.dim(0), (long) TILE_ROWS), q.dim(1), THREADS, bytes);
    }

    @Override
    public void backward(Tensor dout, Tensor q, Tensor k, Tensor v, Tensor out, Tensor statistics, Tensor starts,
            double scale, Tensor dq, Tensor dk, Tensor dv) {
        Arguments.attentionBackward(dout, q, k, v, out, statistics, starts, scale, dq, dk, dv);
        card.requireFloats("attention backward", q);
        boolean isFlash = isFlash(q, scale);
        card.requireShared("attention backward", q,
                isFlash ? FlashAttention.backwardBytes(q.dim(2)) : sharedBytes(q.dim(2), 2, 2));
        long tokens = q.dim(0);
        long rows = tokens * q.dim(1);
        CudaRows.checkStarts(card, starts, tokens, true, Fault.ATTENTION_BACKWARD_STARTS);
        long dots = card.scratch().address(Scratch.Use.DOTS, rows * Float.BYTES);
        launch("attentionDot").tensor(dout).tensor(out).number(dots).number(rows).integer(q.dim(2)).overWarps(rows);
        if (isFlash) {
            flash.backward(dout, q, k, v, statistics, dots, starts, scale, dq, dk, dv);
            return;
        }
        sizes(gradient("attentionQueryGradient", dout, q, k, v, statistics, dots, starts, scale).tensor(dq)
                .number(starts.elements() - 1).number(tokens), q, k.dim(1))
                .grid(Math.ceilDiv(tokens, (long) TILE_ROWS), q.dim(1), THREADS, sharedBytes(q.dim(2), 2, 1));
        sizes(gradient("attentionKeyGradient", dout, q, k, v, statistics, dots, starts, scale).tensor(dk).tensor(dv)
                .number(starts.elements() - 1).number(tokens), q, k.dim(1))
                .grid(Math.ceilDiv(tokens, (long) TILE_ROWS), k.dim(1), THREADS, sharedBytes(q.dim(2), 2, 2));
    }

    private Kernels.Launch gradient(String kernel, Tensor dout, Tensor q, Tensor k, Tensor v, Tensor statistics,
            long dots, Tensor starts, double scale) {
        return launch(kernel).tensor(dout).tensor(q).tensor(k).tensor(v).tensor(statistics).number(dots)
                .tensor(starts).real(scale);
    }

    @Override
    public void writePages(Tensor k, Tensor v, Tensor slots, Tensor keyPages, Tensor valuePages) {
        Arguments.attentionWritePages(k, v, slots, keyPages, valuePages);
        card.requireFloats("attention writePages", k);
        pagedLaunch("writePages").tensor(k).tensor(v).tensor(slots).tensor(keyPages).tensor(valuePages).number(k.dim(0))
                .integer(k.dim(1)).integer(k.dim(2)).number(keyPages.dim(0) * Backend.LANES)
                .fault(Fault.WRITE_PAGES_SLOTS).over(k.elements());
    }

    /// In parts of the cache, whose sums are folded in order; some tokens at a time, where all of their sums would take
    /// too much memory. Prompts go over the cache on tensor cores, where those may be used.
    @Override
    public void forwardPaged(Tensor q, Tensor keyPages, Tensor valuePages, Tensor positions, Tensor sequences,
            Tensor pageTable, double scale, Tensor out) {
        Arguments.attentionForwardPaged(q, keyPages, valuePages, positions, sequences, pageTable, scale, out);
        card.requireFloats("attention forwardPaged", q);
        attend(q, new FusedKernels.Pages(keyPages, valuePages, null, positions, sequences, pageTable), scale, out);
    }

    /// As {@link #forwardPaged}, of arguments that were checked.
    ///
    /// @param pages whose slots are not read
    /// @param out of F32, or of BF16 to round to
    void attend(Tensor q, FusedKernels.Pages pages, double scale, Tensor out) {
        boolean isFlash = isFlash(q, scale) && q.dim(0) >= PROMPT_TOKENS * pages.pageTable().dim(0);
        card.requireShared("attention forwardPaged", q,
                isFlash ? FlashAttention.pagedBytes(q.dim(2)) : pagedSharedBytes(q.dim(2)));
        if (isFlash) {
            flash.forwardPaged(q, pages, scale, out);
            return;
        }
        attendParts("attentionPaged", launch -> launch.tensor(q), q.dim(0), q.dim(1), pages, scale, out);
    }

    /// As {@link FusedKernels#attendNewest}, of arguments that were checked.
    void attendNewest(Tensor projected, FusedKernels.HeadTerms terms, FusedKernels.Pages pages, double scale,
            Tensor out) {
        Tensor keyPages = pages.keyPages();
        long heads = projected.dim(1) / keyPages.dim(2) - 2 * keyPages.dim(1);
        card.requireShared("fused attendNewest", keyPages, pagedSharedBytes(keyPages.dim(2)));
        attendParts("attentionNewest", launch -> CudaFused.terms(launch.tensor(projected), terms).tensor(terms.cos())
                .tensor(terms.sin()).tensor(pages.slots()).number(terms.cos().dim(0))
                .number(keyPages.dim(0) * Backend.LANES).fault(Fault.ROPE_POSITIONS).fault(Fault.WRITE_PAGES_SLOTS),
                projected.dim(0), heads, pages, scale, out);
    }

    /// @param kernel whose name the size of heads is added to
    /// @param queries adds what queries are made of to a launch
    private void attendParts(String kernel, UnaryOperator<Kernels.Launch> queries, long tokens, long heads,
            FusedKernels.Pages pages, double scale, Tensor out) {
        Tensor keyPages = pages.keyPages();
        Tensor pageTable = pages.pageTable();
        long groups = keyPages.dim(1);
        long size = keyPages.dim(2);
        long width = pageTable.dim(1);
        long parts = Math.max(1, Math.ceilDiv(width * Backend.LANES, (long) SPLIT));
        long tokenBytes = heads * parts * (size + 2) * Float.BYTES;
        long most = Math.clamp(PARTIAL_BYTES / tokenBytes, 1, Math.max(1, tokens));
        long partials = card.scratch().address(Scratch.Use.PARTIALS, most * tokenBytes);
        long arrivals = card.scratch().address(Scratch.Use.ARRIVALS, most * heads * Integer.BYTES);
        String name = kernel + Arrays.stream(PAGED_SIZES).filter(longest -> size <= longest).findFirst()
                .orElseThrow();
        for (long first = 0; first < tokens; first += most) {
            long count = Math.min(most, tokens - first);
            queries.apply(pagedLaunch(name)).tensor(keyPages).tensor(pages.valuePages()).tensor(pages.positions())
                    .tensor(pages.sequences()).tensor(pageTable).real(scale).number(partials).number(arrivals)
                    .number(first).number(parts).integer(heads).integer(groups).integer(size)
                    .number(keyPages.dim(0)).number(width).number(pageTable.dim(0)).output(out)
                    .fault(Fault.PAGED_POSITIONS).fault(Fault.PAGED_SEQUENCES).fault(Fault.PAGED_TABLE)
                    .grid(count * parts, groups * Math.ceilDiv(heads / groups, (long) BLOCK_HEADS),
                            PART_WARPS * Kernels.WARP, pagedSharedBytes(size));
        }
    }

    private Kernels.Launch pagedLaunch(String kernel) {
        return card.kernels().launch("paged", kernel);
    }

    /// Bytes of the queries, of their weights for each warp's tile, and of each tile's sums.
    private static int pagedSharedBytes(long size) {
        return Math.toIntExact(Float.BYTES * BLOCK_HEADS * (size + SPLIT + PART_WARPS * (size + 2)));
    }
}
