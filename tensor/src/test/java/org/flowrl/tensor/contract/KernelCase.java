package org.flowrl.tensor.contract;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Tensor;

/// One row of the contract's table: a kernel on one set of shapes, over some ranges of values.
///
/// @param kernel family and name, such as `matmul forward`
/// @param shapes what the case is, for messages
/// @param ranges the ranges of values that make sense
/// @param call makes inputs, runs the kernel and returns what it wrote
public record KernelCase(String kernel, String shapes, List<Inputs.Range> ranges, Call call) {
    static final List<Inputs.Range> ORDINARY = List.of(Inputs.Range.NORMAL);
    static final List<Inputs.Range> FINITE = List.of(Inputs.Range.NORMAL, Inputs.Range.LARGE);
    static final List<Inputs.Range> ALL = List.of(Inputs.Range.values());

    /// A kernel call from its inputs to its outputs. Outputs that are overwritten hold junk before the call, outputs
    /// that are added to hold numbers.
    @FunctionalInterface
    public interface Call {
        List<Tensor> outputs(Backend backend, Inputs inputs);
    }

    /// The whole table.
    public static List<KernelCase> all() {
        return Stream.of(MatmulCases.all(), RowCases.all(), AttentionCases.all(), HeadCases.all(),
                ElementwiseCases.all(), OptimizerCases.all()).flatMap(List::stream).toList();
    }

    static KernelCase of(String kernel, List<Inputs.Range> ranges, Call call, Object... shapes) {
        return new KernelCase(kernel, Arrays.toString(shapes), ranges, call);
    }

    /// True where a weight is held as BF16, and a backend may round the other factor to it, too.
    public boolean roundsToBfloat16() {
        return shapes.contains("BF16");
    }

    @Override
    public String toString() {
        return kernel + " " + shapes;
    }
}
