package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.DType;

/// The three products of a linear layer, by cuBLAS, over addresses of row-major matrices. M rows, K inputs, N outputs.
///
/// cuBLAS thinks in columns: a row-major matrix is the transpose of the same bytes read by columns, so that row-major
/// y = x · wᵀ is yᵀ = w · xᵀ there, and so on. Empty products are not asked of it.
final class Products {
    /// The system property with the precision of products of two F32 matrices: `f32` (the default), `tf32`, which
    /// rounds both to 10-bit fractions for the tensor cores, or `bf16`, which rounds those of weight gradients to BF16,
    /// as those of the other two products are where the weight is packed as BF16.
    static final String PRECISION_PROPERTY = "gpu.products";

    private final Card card;
    private final DType gradientType;

    Products(Card card) {
        this.card = card;
        String precision = System.getProperty(PRECISION_PROPERTY, "f32");
        switch (precision) {
            case "f32", "tf32", "bf16" -> { }
            default -> throw new IllegalArgumentException(PRECISION_PROPERTY + " '" + precision
                    + "' must be f32, tf32 or bf16");
        }
        gradientType = precision.equals("bf16") ? DType.BF16 : DType.F32;
        card.device().enter().blasMath(card.device().blas(),
                precision.equals("tf32") ? CudaApi.TENSOR_FLOAT_32 : CudaApi.EXACT_MATH);
    }

    /// The type that the operands of a weight gradient are rounded to.
    DType gradientType() {
        return gradientType;
    }

    /// Overwrites y [m, N] = x [m, K] · wᵀ.
    void forward(long x, CudaMatmul.Packed w, long m, long y) {
        forwardOfRounded(operand(x, m * w.columns(), w.storage(), Scratch.Use.LEFT), w, 0, m, w.rows(), y);
    }

    /// Overwrites y [m, n] = x [m, K] · w[firstRow … firstRow + n − 1]ᵀ, of an x that has the weight's type already.
    void forwardOfRounded(long x, CudaMatmul.Packed w, long firstRow, long m, long n, long y) {
        long k = w.columns();
        long weights = w.values().address() + firstRow * k * w.storage().bytes();
        if (k == 0) {
            zero(y, m * n);
        } else if (m > 0 && n > 0) {
            gemm(true, false, n, m, k, weights, k, x, k, w.storage(), false, y, n);
        }
    }

    /// Adds x [m, K] · wᵀ to y [m, N], of an x that has the weight's type already.
    void addForwardOfRounded(long x, CudaMatmul.Packed w, long m, long y) {
        long k = w.columns();
        long n = w.rows();
        if (m > 0 && n > 0 && k > 0) {
            gemm(true, false, n, m, k, w.values().address(), k, x, k, w.storage(), true, y, n);
        }
    }

    /// Overwrites y [m, N₁ + N₂ + …] with the products of one x [m, K], which has the weights' type already, beside
    /// each other: one product for all weights that lie one after the other.
    void forwardBeside(long x, List<CudaMatmul.Packed> weights, long m, long y) {
        long width = weights.stream().mapToLong(CudaMatmul.Packed::rows).sum();
        long column = 0;
        for (int i = 0; i < weights.size();) {
            CudaMatmul.Packed first = weights.get(i);
            long k = first.columns();
            long address = first.values().address();
            long rowBytes = k * first.storage().bytes();
            long n = 0;
            while (i < weights.size() && weights.get(i).values().address() == address + n * rowBytes) {
                n += weights.get(i++).rows();
            }
            if (k == 0) {
                zero(y, m * width);
            } else if (m > 0 && n > 0) {
                gemm(true, false, n, m, k, address, k, x, k, first.storage(), false, y + column * Float.BYTES, width);
            }
            column += n;
        }
    }

    /// Overwrites dx [m, K] = dy [m, N] · w, or adds to it.
    void inputGradient(long dy, CudaMatmul.Packed w, long m, long dx, boolean add) {
        inputGradientOfRounded(operand(dy, m * w.rows(), w.storage(), Scratch.Use.LEFT), w, m, dx, add);
    }

    /// As {@link #inputGradient}, with a dy that has the weight's type already.
    void inputGradientOfRounded(long dy, CudaMatmul.Packed w, long m, long dx, boolean add) {
        long k = w.columns();
        long n = w.rows();
        if (n == 0) {
            if (!add) {
                zero(dx, m * k);
            }
        } else if (m > 0 && k > 0) {
            gemm(false, false, k, m, n, w.values().address(), k, dy, n, w.storage(), add, dx, k);
        }
    }

    /// Adds to dw [n, k] the product dy [m, n]ᵀ · x [m, k].
    ///
    /// @param type F32, or BF16 to round both operands to it
    void weightGradient(long dy, long x, DType type, long m, long n, long k, long dw) {
        weightGradientOfRounded(operand(dy, m * n, type, Scratch.Use.LEFT),
                operand(x, m * k, type, Scratch.Use.RIGHT), type, m, n, k, dw);
    }

    /// As {@link #weightGradient}, with operands that have the type already.
    void weightGradientOfRounded(long dy, long x, DType type, long m, long n, long k, long dw) {
        if (m > 0 && n > 0 && k > 0) {
            gemm(false, true, k, n, m, x, k, dy, n, type, true, dw, k);
        }
    }

    /// Overwrites BF16 numbers with F32 ones, each rounded to nearest even.
    void round(long from, long to, long count) {
        card.kernels().launch("elementwise", "convertF32toBF16").number(from).number(to).number(count).over(count);
    }

    /// The address of F32 numbers in the type of a product: their own, or that of a rounded copy, which lies there
    /// until the next one for the same use.
    long operand(long address, long count, DType type, Scratch.Use use) {
        if (type == DType.F32) {
            return address;
        }
        long rounded = card.scratch().address(use, count * type.bytes());
        round(address, rounded, count);
        return rounded;
    }

    private void zero(long address, long count) {
        if (count > 0) {
            card.device().enter().fill(address, (byte) 0, count * Float.BYTES, card.device().stream());
        }
    }

    private void gemm(boolean transposeA, boolean transposeB, long m, long n, long k, long a, long lda, long b,
            long ldb, DType type, boolean add, long c, long ldc) {
        card.device().enter().gemm(card.device().blas(), transposeA, transposeB, Math.toIntExact(m),
                Math.toIntExact(n), Math.toIntExact(k), a, Math.toIntExact(lda), b, Math.toIntExact(ldb),
                type == DType.BF16 ? CudaApi.BF16 : CudaApi.F32, add, c, Math.toIntExact(ldc));
    }
}
