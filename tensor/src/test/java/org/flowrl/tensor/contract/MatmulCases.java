package org.flowrl.tensor.contract;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;

/// Matrix products on awkward sizes: around one vector, one tile and one block of the chain.
final class MatmulCases {
    private static final int[] ROWS = {0, 1, 2, 5, 6, 64};
    private static final int[] SIZES = {1, 7, 13, 16, 17, 255, 256, 257, 300};
    private static final int[] FEW_SIZES = {1, 17, 257};
    private static final int[] TOKENS = {0, 1, 7, 255, 256, 257, 300, 513};

    private MatmulCases() {
    }

    static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>();
        for (int k : SIZES) {
            for (int n : SIZES) {
                if (!isFew(k) && !isFew(n)) {
                    continue;
                }
                for (int m : ROWS) {
                    addProducts(cases, m, k, n);
                }
            }
        }
        addProducts(cases, 64, 300, 300);
        addProducts(cases, 3, 600, 530);
        addProducts(cases, 3, 0, 5);
        addProducts(cases, 3, 5, 0);
        for (int m : TOKENS) {
            for (int n : FEW_SIZES) {
                cases.add(weightGradient(m, 13, n));
                cases.add(weightGradient(m, 16, n));
                cases.add(weightGradient(m, 300, n));
            }
            cases.add(biasGradient(m, 1));
            cases.add(biasGradient(m, 300));
            cases.add(gradients(m, 17, 13, m % 2 == 0, DType.F32));
            cases.add(gradients(m, 17, 13, m % 2 == 1, DType.BF16));
        }
        return cases;
    }

    private static boolean isFew(int size) {
        return size == 1 || size == 17 || size == 257;
    }

    private static void addProducts(List<KernelCase> cases, int m, int k, int n) {
        cases.add(forward(m, k, n, false, false));
        cases.add(forward(m, k, n, true, false));
        cases.add(forward(m, k, n, true, true));
        cases.add(inputGradient(m, k, n, false, false));
        cases.add(inputGradient(m, k, n, true, false));
        cases.add(inputGradient(m, k, n, false, true));
    }

    private static KernelCase forward(int m, int k, int n, boolean bias, boolean bfloat16) {
        return KernelCase.of("matmul forward", KernelCase.ALL, (backend, in) -> {
            PackedMatrix w = backend.matmul().pack(in.ordinary(n, k), bfloat16 ? DType.BF16 : in.type(), in.scope());
            Tensor y = in.junk(m, n);
            backend.matmul().forward(in.values(m, k), w, bias ? in.values(n) : null, y);
            return List.of(y);
        }, "M", m, "K", k, "N", n, bias ? "bias" : "", bfloat16 ? "BF16" : "");
    }

    private static KernelCase inputGradient(int m, int k, int n, boolean add, boolean bfloat16) {
        return KernelCase.of("matmul inputGradient", KernelCase.ALL, (backend, in) -> {
            Tensor weight = in.ordinary(n, k);
            PackedMatrix w = backend.matmul().pack(in.ordinary(n, k), bfloat16 ? DType.BF16 : in.type(), in.scope());
            backend.matmul().repack(weight, w);
            Tensor dx = add ? in.values(m, k) : in.junk(m, k);
            backend.matmul().inputGradient(in.values(m, n), w, dx, add);
            return List.of(dx);
        }, "M", m, "K", k, "N", n, add ? "add" : "", bfloat16 ? "BF16" : "");
    }

    private static KernelCase weightGradient(int m, int k, int n) {
        return KernelCase.of("matmul weightGradient", KernelCase.ALL, (backend, in) -> {
            Tensor dw = in.ordinary(n, k);
            backend.matmul().weightGradient(in.values(m, n), in.ordinary(m, k), dw);
            return List.of(dw);
        }, "M", m, "K", k, "N", n);
    }

    /// All of a linear map's, and those of its parameters alone.
    private static KernelCase gradients(int m, int k, int n, boolean isInputWanted, DType storage) {
        return KernelCase.of("matmul gradients", KernelCase.FINITE, (backend, in) -> {
            Tensor weight = in.ordinary(n, k);
            PackedMatrix w = backend.matmul().pack(weight, storage == DType.F32 ? in.type() : storage, in.scope());
            Tensor dx = in.junk(m, k);
            Tensor dw = in.ordinary(n, k);
            Tensor db = in.ordinary(n);
            backend.matmul().gradients(in.values(m, n), in.ordinary(m, k), w, isInputWanted ? dx : null, dw, db);
            return isInputWanted ? List.of(dx, dw, db) : List.of(dw, db);
        }, "M", m, "K", k, "N", n, isInputWanted ? "dx" : "", storage);
    }

    private static KernelCase biasGradient(int m, int n) {
        return KernelCase.of("matmul biasGradient", KernelCase.ALL, (backend, in) -> {
            Tensor db = in.ordinary(n);
            backend.matmul().biasGradient(in.values(m, n), db);
            return List.of(db);
        }, "M", m, "N", n);
    }
}
