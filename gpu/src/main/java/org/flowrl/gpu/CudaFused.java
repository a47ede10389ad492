package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.FusedArguments;

/// A decoder block's operations, of fused.cu and paged.cu, and by cuBLAS. Each is one launch, but for a bias of an
/// added product, and for weights that do not lie one after the other, as those of F32 do not.
///
/// **What a step costs**, by arithmetic and not by measurement: 64 sequences of 576 tokens of the 0.5B shape (D = 896,
/// H = 14, G = 2, E = 64, F = 4,864, 24 blocks, V = 151,936), BF16 weights, an F32 cache. Megabytes that a block moves
/// at least, and microseconds that they take of an H100's device memory at 3.35 TB/s, though what is not a weight or a
/// key may stay in its cache of 50 MiB.
///
/// | launch | grid | MB | µs |
/// |---|---|---|---|
/// | norm | 64 | 0.3 | 0.1 |
/// | product with queries, keys, values | cuBLAS | 2.5 | 0.7 |
/// | biases, positions, into the cache, attention, folded by a token's last block | 192 · 2 | 39.8 | 11.9 |
/// | product, added | cuBLAS | 2.2 | 0.7 |
/// | norm | 64 | 0.3 | 0.1 |
/// | product with gates and ups | cuBLAS | 20.0 | 6.0 |
/// | SwiGLU | 5 · 64 | 3.1 | 0.9 |
/// | product, added | cuBLAS | 9.8 | 2.9 |
/// | a block: 8 | | 78.0 | 23.3 |
/// | embedding, last norm, rounding, head, draw: 6 | | 351 | 105 |
/// | a step: 198 | | 2,223 | 664 |
///
/// Weights and cache alone are 1.89 GB: 565 µs at the data sheet's 3.35 TB/s, 630 at the 3.0 that a copy on such a card
/// reached. Assumed beside these 630: everything else from the card's cache at 5.5 TB/s, 61, and 1.5 to 2 between two
/// launches of a graph, 296 to 394. That is 0.99 to 1.09 ms, 52 to 57 % of what the data sheet allows and 58 to 64 % of
/// what a copy does. Not counted: that products of few tiles (18 of 64 · 64 for queries, keys and values) cannot keep
/// 132 multiprocessors busy, and the host's wait for what was drawn. One operation at a time a block was 28 launches, a
/// step 678 of them. None of it is a measurement; `DecodingLaunchesTest` in flowrl keeps the count.
final class CudaFused implements FusedKernels {

    private final Card card;
    private final Products products;
    private final CudaAttention attention;

    CudaFused(Card card, Products products, CudaAttention attention) {
        this.card = card;
        this.products = products;
        this.attention = attention;
    }

    private Kernels.Launch launch(String kernel) {
        return card.kernels().launch("fused", kernel);
    }

    @Override
    public void norm(Tensor x, Tensor weight, double eps, Tensor operand) {
        FusedArguments.norm(x, weight, eps, operand);
        card.requireFloats("fused norm", x);
        norm(card, x, weight, eps, operand, null);
    }

    /// @param inverse takes 1 over the root of each row's mean square; null where nobody asks
    static void norm(Card card, Tensor x, Tensor weight, double eps, Tensor operand, Tensor inverse) {
        card.kernels().launch("fused", "normOperand").tensor(x).tensor(weight).real(eps).output(operand)
                .optional(inverse).number(x.dim(1)).grid(x.dim(0), 1, Kernels.BLOCK_THREADS, 0);
    }

    @Override
    public void products(Tensor operand, List<PackedMatrix> weights, Tensor y) {
        FusedArguments.products(operand, weights, y);
        card.requireFloats("fused products", y);
        products.forwardBeside(operand.address(), weights.stream()
                .map(weight -> CudaMatmul.Packed.of("fused products", weight)).toList(), y.dim(0), y.address());
    }

    @Override
    public void addProduct(Tensor operand, PackedMatrix weight, Tensor bias, Tensor y) {
        FusedArguments.addProduct(operand, weight, bias, y);
        card.requireFloats("fused addProduct", y);
        products.addForwardOfRounded(operand.address(), CudaMatmul.Packed.of("fused addProduct", weight), y.dim(0),
                y.address(), y.dim(1));
        if (bias != null) {
            CudaMatmul.addBias(card, bias, y);
        }
    }

    @Override
    public void addLowRank(Tensor x, PackedMatrix a, PackedMatrix b, double scale, Tensor low, Tensor y, long column) {
        FusedArguments.addLowRank(x, a, b, scale, low, y, column);
        card.requireFloats("fused addLowRank", y);
        products.scaledForwardOfRounded(x.address(), CudaMatmul.Packed.of("fused addLowRank", a), scale, y.dim(0),
                low.address());
        products.addForwardOfRounded(low.address(), CudaMatmul.Packed.of("fused addLowRank", b), y.dim(0),
                y.address() + column * Float.BYTES, y.dim(1));
    }

    @Override
    public void placeHeads(Tensor projected, HeadTerms terms, Pages pages, Tensor q) {
        FusedArguments.placeHeads(projected, terms, pages, q);
        card.requireFloats("fused placeHeads", q);
        long groups = pages.keyPages().dim(1);
        terms(launch("placeHeads").tensor(projected), terms).tensor(pages.positions()).tensor(terms.cos())
                .tensor(terms.sin()).tensor(pages.slots()).tensor(q)
                .tensor(pages.keyPages()).tensor(pages.valuePages()).number(q.dim(0)).integer(q.dim(1))
                .integer(groups).integer(q.dim(2)).number(terms.cos().dim(0))
                .number(pages.keyPages().dim(0) * Backend.LANES).fault(Fault.ROPE_POSITIONS)
                .fault(Fault.WRITE_PAGES_SLOTS).overWarps(q.dim(0) * (q.dim(1) + 2 * groups));
    }

    /// Adds biases, norms and their eps.
    static Kernels.Launch terms(Kernels.Launch launch, HeadTerms terms) {
        return launch.optional(terms.queryBias()).optional(terms.keyBias()).optional(terms.valueBias())
                .optional(terms.queryNorm()).optional(terms.keyNorm()).real(terms.eps());
    }

    @Override
    public void attendNewest(Tensor projected, HeadTerms terms, Pages pages, double scale, Tensor operand) {
        FusedArguments.attendNewest(projected, terms, pages, scale, operand);
        card.requireFloats("fused attendNewest", projected);
        attention.attendNewest(projected, terms, pages, scale, operand);
    }

    @Override
    public void attend(Tensor q, Pages pages, double scale, Tensor operand) {
        FusedArguments.attend(q, pages, scale, operand);
        card.requireFloats("fused attend", q);
        attention.beside(operand.dtype()).attend(q, pages, scale, operand);
    }

    @Override
    public void swiGlu(Tensor projected, Tensor operand) {
        FusedArguments.swiGlu(projected, operand);
        card.requireFloats("fused swiGlu", projected);
        long rows = operand.dim(0);
        long size = operand.dim(1);
        overFours(launch("swiGluOperand").tensor(projected).output(operand), rows, size);
    }

    /// Starts a kernel with a thread for every four of `size` columns, rows in strides of the grid's second dimension.
    static void overFours(Kernels.Launch launch, long rows, long size) {
        launch.number(rows).number(size).overColumns(Math.ceilDiv(size, CudaRows.FOUR),
                Math.min(rows, CudaRows.MOST_LAYERS));
    }
}
