package org.flowrl.bench.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/// One kernel at one size: what every engine is asked to compute, from the same numbers.
///
/// A case has a name such as `forward-64x896x896`, the kernel's label and its sizes, from which {@link #parse} makes
/// the case again: names cross from the report to JMH's fork.
public sealed interface KernelCase permits MatmulCase, RowCase, AttentionCase, HeadCase {
    /// What a kernel is limited by, and the unit in which its speed is therefore given.
    enum Limit {
        /// Floating-point operations; a fused multiply-add counts as two.
        ARITHMETIC("GFLOP/s"),
        /// Bytes read and written, each operand and result once.
        MEMORY("GB/s");

        private final String unit;

        Limit(String unit) {
            this.unit = unit;
        }

        /// Billions a second.
        public String unit() {
            return unit;
        }
    }

    /// Label and sizes, `forward-64x896x896`.
    String name();

    /// The heading under which cases are summarised by one geometric mean.
    String group();

    /// The inputs, in the order of the kernel's arguments.
    List<Operand> operands();

    /// What limits the kernel.
    Limit limit();

    /// Floating-point operations or bytes of one call, as {@link #limit} says.
    double work();

    /// The largest difference between two engines' results that is rounding and not a mistake, as a share of the
    /// largest result.
    double tolerance();

    /// The case of this name.
    ///
    /// @throws IllegalArgumentException where the label is unknown or sizes are missing or not positive
    static KernelCase parse(String name) {
        int dash = name.indexOf('-');
        if (dash < 0) {
            throw new IllegalArgumentException("kernel case '" + name + "' must read LABEL-SIZExSIZE…");
        }
        String label = name.substring(0, dash);
        long[] sizes;
        try {
            sizes = Arrays.stream(name.substring(dash + 1).split("x")).mapToLong(Long::parseLong).toArray();
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("kernel case '" + name + "': sizes must be whole numbers", e);
        }
        if (LongStream.of(sizes).anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException("kernel case '" + name + "': sizes must be positive");
        }
        return MatmulCase.parse(label, sizes)
                .or(() -> RowCase.parse(label, sizes))
                .or(() -> AttentionCase.parse(label, sizes))
                .or(() -> HeadCase.parse(label, sizes))
                .orElseThrow(() -> new IllegalArgumentException("kernel case '" + name + "' is unknown, or has "
                        + sizes.length + " sizes where its kernel has another number"));
    }

    /// A name from its parts.
    static String name(String label, long... sizes) {
        return label + "-" + LongStream.of(sizes).mapToObj(Long::toString).collect(Collectors.joining("x"));
    }
}
