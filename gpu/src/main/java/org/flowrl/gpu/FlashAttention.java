package org.flowrl.gpu;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.Tensor;

/// Attention on tensor cores, of flash.cu, flashgradient.cu and flashpaged.cu: BF16 operands, F32 sums. N tokens, H
/// query heads, G key heads, E head size. Arguments have been checked.
record FlashAttention(Card card, Products products) {
    /// The shapes of flash.cuh.
    private static final int WARPS = 4;
    private static final int THREADS = WARPS * Kernels.WARP;
    /// Rows of a tensor core's tile.
    private static final int SIDE = 16;
    /// Numbers between rows in shared memory.
    private static final int GAP = 8;

    /// A kernel's tiles for one head size: how many tiles of 16 rows a warp has, and how many columns a tile has.
    private record Shape(int rowTiles, int columns) {
        long rows() {
            return (long) WARPS * rowTiles * SIDE;
        }

        /// Bytes of a block's shared memory for tiles of BF16 rows: so many of all its rows, and so many of columns.
        int sharedBytes(long size, int ofRows, int ofColumns) {
            return Math.toIntExact(DType.BF16.bytes() * (size + GAP) * (ofRows * rows() + (long) ofColumns * columns));
        }

        /// Blocks for all tiles of all heads.
        long blocks(Tensor q) {
            return Math.ceilDiv(q.dim(0), rows()) * q.dim(1);
        }
    }

    private static final Shape FORWARD = new Shape(2, 64);
    private static final Shape PAGED = new Shape(2, 64);
    private static final Shape QUERY_GRADIENT = new Shape(2, 32);

    private static Shape keyGradient(long size) {
        return size == 64 ? new Shape(2, 32) : new Shape(1, 64);
    }

    /// True for heads of 64 and of 128 elements, those of Qwen and Llama, and scales above 0: the online softmax scales
    /// the largest of a row's scores instead of every one of them.
    static boolean does(Tensor q, double scale) {
        return (q.dim(2) == 64 || q.dim(2) == 128) && (float) scale > 0;
    }

    /// Bytes of a block's shared memory.
    static int forwardBytes(long size) {
        return FORWARD.sharedBytes(size, 1, 2);
    }

    /// Of the kernel that takes more.
    static int backwardBytes(long size) {
        return Math.max(queryGradientBytes(size), keyGradientBytes(size));
    }

    private static int queryGradientBytes(long size) {
        return QUERY_GRADIENT.sharedBytes(size, 2, 3);
    }

    /// Two numbers of each column beside the tiles.
    private static int keyGradientBytes(long size) {
        Shape shape = keyGradient(size);
        return shape.sharedBytes(size, 2, 3) + 2 * shape.columns * Float.BYTES;
    }

    /// Queries, values, keys as they lie in pages, in a row for each element of a head, and two numbers of each query.
    static int pagedBytes(long size) {
        return PAGED.sharedBytes(size, 1, 1)
                + Math.toIntExact(DType.BF16.bytes() * size * (PAGED.columns + GAP) + 2 * PAGED.rows() * Integer.BYTES);
    }

    /// Overwrites out and statistics.
    void forward(Tensor q, Tensor k, Tensor v, Tensor starts, double scale, Tensor out, Tensor statistics) {
        long size = q.dim(2);
        long[] keys = rounded(Scratch.Use.RIGHT, k, v);
        long bounds = bounds(starts, q);
        card.kernels().launch("flash", "flashForward" + size).tensor(q).number(keys[0]).number(keys[1]).number(bounds)
                .real(scale).tensor(out).tensor(statistics).integer(q.dim(0)).integer(q.dim(1)).integer(k.dim(1))
                .grid(FORWARD.blocks(q), 1, THREADS, forwardBytes(size));
    }

    /// Overwrites out with the attention of many tokens over the cache. Right for tokens in any order, fast where those
    /// of a sequence lie beside each other, since they read its tiles of keys together.
    ///
    /// @param pages whose slots are not read
    /// @param out of F32, or of BF16 to round to
    void forwardPaged(Tensor q, FusedKernels.Pages pages, double scale, Tensor out) {
        long size = q.dim(2);
        Tensor keyPages = pages.keyPages();
        Tensor pageTable = pages.pageTable();
        String kernel = (out.dtype() == DType.BF16 ? "flashPagedRounded" : "flashPaged") + size;
        card.kernels().launch("flashpaged", kernel).tensor(q).tensor(keyPages).tensor(pages.valuePages())
                .tensor(pages.positions()).tensor(pages.sequences()).tensor(pageTable).real(scale).tensor(out)
                .integer(q.dim(0)).integer(q.dim(1)).integer(keyPages.dim(1)).number(keyPages.dim(0))
                .number(pageTable.dim(1)).number(pageTable.dim(0)).fault(Fault.PAGED_POSITIONS)
                .fault(Fault.PAGED_SEQUENCES).fault(Fault.PAGED_TABLE)
                .grid(PAGED.blocks(q), 1, THREADS, pagedBytes(size));
    }

    /// Overwrites dq, dk and dv.
    ///
    /// @param dots the address of D [N, H]
    void backward(Tensor dout, Tensor q, Tensor k, Tensor v, Tensor statistics, long dots, Tensor starts, double scale,
            Tensor dq, Tensor dk, Tensor dv) {
        long size = q.dim(2);
        long rows = q.dim(0) * q.dim(1);
        long logSums = card.scratch().address(Scratch.Use.LOG_SUMS, rows * Float.BYTES);
        gradientLaunch("flashLogSums").tensor(statistics).number(logSums).number(rows).over(rows);
        Operands operands = new Operands(rounded(Scratch.Use.LEFT, dout, q), rounded(Scratch.Use.RIGHT, k, v), logSums,
                dots, bounds(starts, q), scale, q, k);
        operands.of(gradientLaunch("flashQueryGradient" + size)).tensor(dq)
                .grid(QUERY_GRADIENT.blocks(q), 1, THREADS, queryGradientBytes(size));
        // Where query heads share a key head, its gradients are made for each of them.
        boolean isShared = q.dim(1) > k.dim(1);
        long parts = isShared ? card.scratch().address(Scratch.Use.PARTIALS, 2 * q.bytes()) : dk.address();
        long valueParts = isShared ? parts + q.bytes() : dv.address();
        operands.of(gradientLaunch("flashKeyGradient" + size)).number(parts).number(valueParts)
                .grid(keyGradient(size).blocks(q), 1, THREADS, keyGradientBytes(size));
        if (isShared) {
            fold(parts, q, dk);
            fold(valueParts, q, dv);
        }
    }

    /// What both kernels of the backward pass read: addresses, the scale, and the sizes of q and k.
    private record Operands(long[] queries, long[] keys, long logSums, long dots, long bounds, double scale, Tensor q,
            Tensor k) {
        Kernels.Launch of(Kernels.Launch launch) {
            return launch.number(queries[0]).number(queries[1]).number(keys[0]).number(keys[1]).number(logSums)
                    .number(dots).number(bounds).real(scale).integer(q.dim(0)).integer(q.dim(1)).integer(k.dim(1));
        }
    }

    /// Overwrites the gradient of keys or values with the sum over its query heads.
    private void fold(long parts, Tensor q, Tensor gradient) {
        gradientLaunch("flashFold").number(parts).tensor(gradient).number(gradient.elements())
                .integer(q.dim(1) / gradient.dim(1)).integer(q.dim(2)).over(gradient.elements());
    }

    private Kernels.Launch gradientLaunch(String kernel) {
        return card.kernels().launch("flashgradient", kernel);
    }

    /// The address of where each token's sequence starts and ends.
    private long bounds(Tensor starts, Tensor q) {
        long tokens = q.dim(0);
        long bounds = card.scratch().address(Scratch.Use.BOUNDS, 2 * tokens * Integer.BYTES);
        card.kernels().launch("attention", "attentionBounds").tensor(starts).number(bounds)
                .number(starts.elements() - 1).number(tokens).over(tokens);
        return bounds;
    }

    /// The addresses of two tensors of one shape, rounded to BF16.
    private long[] rounded(Scratch.Use use, Tensor first, Tensor second) {
        long bytes = first.elements() * DType.BF16.bytes();
        long address = card.scratch().address(use, 2 * bytes);
        products.round(first.address(), address, first.elements());
        products.round(second.address(), address + bytes, second.elements());
        return new long[] {address, address + bytes};
    }
}
