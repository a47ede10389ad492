package org.flowrl.tensor.contract;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// Kernels over flat arenas on awkward numbers of elements.
final class OptimizerCases {
    /// The last is split between two threads.
    private static final int[] SIZES = {0, 1, 7, 13, 16, 17, 255, 256, 257, 300, 4095, 4096, 4097, 12_300, 140_000};
    private static final OptimizerKernels.AdamW FIRST = new OptimizerKernels.AdamW(1e-3, 0.9, 0.999, 1e-8, 0.01, 1, 1);
    private static final OptimizerKernels.AdamW LATER =
            new OptimizerKernels.AdamW(3e-4, 0.9, 0.95, 1e-8, 0, 1000, 0.37);
    private static final OptimizerKernels.AdamW BY_LOT = new OptimizerKernels.AdamW(3e-4, 0.9, 0.999, 1e-8, 0.1, 40,
            0.37, RandomKey.of(5).fold(40));

    private OptimizerCases() {
    }

    static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>();
        for (int size : SIZES) {
            cases.add(adamW(size, FIRST));
            cases.add(adamW(size, LATER));
            cases.add(adamWOfNarrowMoments(size));
            cases.add(KernelCase.of("squaredNorm", KernelCase.ALL, (backend, in) -> {
                double norm = backend.optimizer().squaredNorm(in.values(size));
                Tensor result = in.scope().allocate(DType.F64, 1);
                result.copyFrom(new double[] {norm});
                return List.of(result);
            }, size));
        }
        return cases;
    }

    private static KernelCase adamW(int size, OptimizerKernels.AdamW settings) {
        return KernelCase.of("adamW", KernelCase.ALL, (backend, in) -> {
            Tensor w = in.ordinary(size);
            Tensor m = in.ordinary(size);
            Tensor v = in.positive(size);
            backend.optimizer().adamW(w, in.values(size), m, v, settings);
            return List.of(w, m, v);
        }, size, settings);
    }

    /// One number in eight has no second moment yet, as a parameter that no token has touched.
    private static KernelCase adamWOfNarrowMoments(int size) {
        return KernelCase.of("adamW, moments in 16 bits", KernelCase.ALL, (backend, in) -> {
            Tensor w = in.ordinary(size);
            Tensor m = converted(backend, in, in.values(size), DType.BF16);
            float[] squares = new float[size];
            for (int i = 0; i < size; i++) {
                squares[i] = i % 8 == 0 ? 0 : (i % 101 + 1) * 0.037f;
            }
            Tensor v = converted(backend, in, in.floating(squares, size), DType.BF16);
            backend.optimizer().adamW(w, in.values(size), m, v, BY_LOT);
            return List.of(w, converted(backend, in, m, DType.F32), converted(backend, in, v, DType.F32));
        }, size);
    }

    private static Tensor converted(Backend backend, Inputs in, Tensor values, DType type) {
        Tensor converted = in.scope().allocate(type, values.elements());
        backend.elementwise().convert(values, converted);
        return converted;
    }
}
