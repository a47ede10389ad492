package org.flowrl.bench.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.flowrl.tensor.OptimizerKernels;

/// A kernel over R rows of D columns: norms, rotary positions, activations, embedding and the optimizer, see
/// {@link org.flowrl.tensor.RowKernels}, {@link org.flowrl.tensor.ElementwiseKernels} and
/// {@link org.flowrl.tensor.OptimizerKernels}.
///
/// Results are the kernel's outputs in the order of its arguments; gradients of parameters start from zero.
public record RowCase(Kind kind, long rows, long columns) implements KernelCase {
    /// The head size of rotary positions; D must be a multiple of it.
    public static final long HEAD_SIZE = 64;
    /// The embedding table has this many times the rows of a call.
    public static final long TABLE_ROWS = 4;
    /// Of the root-mean-square norm, as in Qwen.
    public static final double EPSILON = 1e-6;
    /// The update that every engine computes: the first step, nothing clipped.
    public static final OptimizerKernels.AdamW ADAMW =
            new OptimizerKernels.AdamW(1e-4, 0.9, 0.95, 1e-8, 0.01, 1, 1);
    /// F32 sums of some thousand terms in different orders, and exponentials of two ulp: 1e-6 measured.
    private static final double ROUNDING = 1e-5;

    /// Which kernel. Bytes: arrays of R·D floats that one call reads and writes; those of a row or a column are left
    /// out.
    public enum Kind {
        RMS_NORM("rmsNorm", 2, true),
        RMS_NORM_BACKWARD("rmsNormBackward", 3, true),
        ROPE("rope", 2, true),
        SWIGLU("swiGlu", 3, true),
        SWIGLU_BACKWARD("swiGluBackward", 5, true),
        EXP("exp", 2, false),
        GATHER("gather", 2, false),
        SCATTER_ADD("scatterAdd", 3, false),
        ADAMW("adamW", 7, false),
        /// With moments in BF16, which are half an array each; they start from zero, which needs no rounding.
        ADAMW_BF16("adamWBf16", 5, false),
        SQUARED_NORM("squaredNorm", 1, false);

        private final String label;
        private final int arrays;
        private final boolean fused;

        Kind(String label, int arrays, boolean fused) {
            this.label = label;
            this.arrays = arrays;
            this.fused = fused;
        }
    }

    public RowCase {
        if (kind == Kind.ROPE && columns % HEAD_SIZE != 0) {
            throw new IllegalArgumentException("rope: " + columns + " columns must be a multiple of " + HEAD_SIZE);
        }
    }

    static Optional<KernelCase> parse(String label, long[] sizes) {
        return Arrays.stream(Kind.values()).filter(kind -> kind.label.equals(label) && sizes.length == 2)
                .findFirst().map(kind -> new RowCase(kind, sizes[0], sizes[1]));
    }

    @Override
    public String name() {
        return KernelCase.name(kind.label, rows, columns);
    }

    @Override
    public String group() {
        return kind == Kind.EXP ? "exp"
                : kind.fused ? "rows, fused, against op by op" : "rows, one operation each";
    }

    @Override
    public List<Operand> operands() {
        Operand x = Operand.symmetric("x", rows, columns);
        Operand weight = Operand.symmetric("weight", columns);
        Operand gate = Operand.symmetricWithin(4, "gate", rows, columns);
        Operand up = Operand.symmetric("up", rows, columns);
        Operand ids = Operand.indices("ids", TABLE_ROWS * rows, rows);
        return switch (kind) {
            case RMS_NORM -> List.of(x, weight);
            case RMS_NORM_BACKWARD -> List.of(Operand.symmetric("dy", rows, columns), x, weight,
                    Operand.positive("inverse", rows));
            case ROPE -> List.of(x, Operand.indices("positions", rows, rows),
                    Operand.symmetric("cos", rows, HEAD_SIZE / 2), Operand.symmetric("sin", rows, HEAD_SIZE / 2));
            case SWIGLU -> List.of(gate, up);
            case SWIGLU_BACKWARD -> List.of(Operand.symmetric("dout", rows, columns), gate, up);
            case EXP, SQUARED_NORM -> List.of(x);
            case GATHER -> List.of(Operand.symmetric("table", TABLE_ROWS * rows, columns), ids);
            case SCATTER_ADD -> List.of(Operand.symmetric("dout", rows, columns), ids);
            case ADAMW -> List.of(x, Operand.symmetric("gradient", rows, columns),
                    Operand.symmetric("moment", rows, columns), Operand.positive("variance", rows, columns));
            case ADAMW_BF16 -> List.of(x, Operand.symmetric("gradient", rows, columns));
        };
    }

    @Override
    public Limit limit() {
        return Limit.MEMORY;
    }

    @Override
    public double work() {
        return (double) kind.arrays * rows * columns * Float.BYTES;
    }

    @Override
    public double tolerance() {
        return ROUNDING;
    }
}
