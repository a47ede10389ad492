package org.flowrl.gpu;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.Tensor;

/// The three products of a linear layer, by cuBLAS, over addresses of row-major matrices. M rows, K inputs, N outputs.
///
/// cuBLAS thinks in columns: a row-major matrix is the transpose of the same bytes read by columns, so that row-major
/// y = x · wᵀ is yᵀ = w · xᵀ there, and so on. Empty products are not asked of it.
final class Products {
    private final Card card;
    private final ProductPrecision precision;

    Products(Card card, ProductPrecision precision) {
        this.card = card;
        this.precision = precision;
        card.device().enter().blasMath(card.device().blas(),
                precision == ProductPrecision.TF32 ? CudaApi.TENSOR_FLOAT_32 : CudaApi.EXACT_MATH);
    }

    /// The type that operands of gradients and of attention have beside weights that are packed as `storage`.
    DType operands(DType storage) {
        return precision.operands(storage);
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
    ///
    /// @param pitch numbers from one row of y to the next, N or more
    void addForwardOfRounded(long x, CudaMatmul.Packed w, long m, long y, long pitch) {
        long k = w.columns();
        long n = w.rows();
        if (m > 0 && n > 0 && k > 0) {
            gemm(true, false, n, m, k, w.values().address(), k, x, k, w.storage(), true, y, pitch);
        }
    }

    /// Overwrites y [m, N] = scale · (x [m, K] · wᵀ), of an x that has the weight's type already.
    void scaledForwardOfRounded(long x, CudaMatmul.Packed w, double scale, long m, long y) {
        long k = w.columns();
        long n = w.rows();
        if (k == 0) {
            zero(y, m * n);
        } else if (m > 0 && n > 0) {
            gemm(true, false, n, m, k, w.values().address(), k, x, k, w.storage(), (float) scale, false, y, n);
        }
    }

    /// Rows [n, K] of matrices that lie one after the other, and the column that their products begin in.
    private record Run(long address, long n, long column) {
        /// All runs of these matrices.
        static List<Run> of(List<Tensor> matrices) {
            List<Run> runs = new ArrayList<>();
            long column = 0;
            for (int i = 0; i < matrices.size();) {
                Tensor first = matrices.get(i);
                long rowBytes = first.dim(1) * first.dtype().bytes();
                long n = 0;
                while (i < matrices.size() && matrices.get(i).address() == first.address() + n * rowBytes) {
                    n += matrices.get(i++).dim(0);
                }
                if (n > 0) {
                    runs.add(new Run(first.address(), n, column));
                }
                column += n;
            }
            return runs;
        }

        private static List<Run> ofWeights(List<CudaMatmul.Packed> weights) {
            return of(weights.stream().map(CudaMatmul.Packed::values).toList());
        }
    }

    /// Overwrites y [m, N₁ + N₂ + …] with the products of one x [m, K], which has the weights' type already, beside
    /// each other: one product for all weights that lie one after the other.
    void forwardBeside(long x, List<CudaMatmul.Packed> weights, long m, long y) {
        long width = weights.stream().mapToLong(CudaMatmul.Packed::rows).sum();
        long k = weights.getFirst().columns();
        if (k == 0) {
            zero(y, m * width);
        } else if (m > 0) {
            for (Run run : Run.ofWeights(weights)) {
                gemm(true, false, run.n, m, k, run.address, k, x, k, weights.getFirst().storage(), false,
                        y + run.column * Float.BYTES, width);
            }
        }
    }

    /// Overwrites dx [m, K] with the sum of the products of dy [m, N₁ + N₂ + …], which has the weights' type already,
    /// with each weight: one product for all weights that lie one after the other.
    void inputGradientBeside(long dy, List<CudaMatmul.Packed> weights, long m, long dx) {
        long width = weights.stream().mapToLong(CudaMatmul.Packed::rows).sum();
        long k = weights.getFirst().columns();
        DType type = weights.getFirst().storage();
        if (width == 0) {
            zero(dx, m * k);
        } else if (m > 0 && k > 0) {
            for (Run run : Run.ofWeights(weights)) {
                gemm(false, false, k, m, run.n, run.address, k, dy + run.column * type.bytes(), width, type,
                        run.column > 0, dx, k);
            }
        }
    }

    /// Adds to each dw [Nᵢ, K] the product of its columns of dy [m, N₁ + N₂ + …] with x [m, K], both of one type: one
    /// product for all that lie one after the other.
    void weightGradientsBeside(long dy, long x, DType type, long m, List<Tensor> dws) {
        long width = dws.stream().mapToLong(dw -> dw.dim(0)).sum();
        long k = dws.getFirst().dim(1);
        if (m > 0 && k > 0) {
            for (Run run : Run.of(dws)) {
                gemm(false, true, k, run.n, m, x, k, dy + run.column * type.bytes(), width, type, true, run.address,
                        k);
            }
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
        gemm(transposeA, transposeB, m, n, k, a, lda, b, ldb, type, 1, add, c, ldc);
    }

    private void gemm(boolean transposeA, boolean transposeB, long m, long n, long k, long a, long lda, long b,
            long ldb, DType type, float scale, boolean add, long c, long ldc) {
        card.device().enter().gemm(card.device().blas(), transposeA, transposeB, Math.toIntExact(m),
                Math.toIntExact(n), Math.toIntExact(k), a, Math.toIntExact(lda), b, Math.toIntExact(ldb),
                type == DType.BF16 ? CudaApi.BF16 : CudaApi.F32, scale, add, c, Math.toIntExact(ldc));
    }
}
