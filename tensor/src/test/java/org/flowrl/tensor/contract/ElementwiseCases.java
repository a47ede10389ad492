package org.flowrl.tensor.contract;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// Element by element on awkward numbers of elements, all values meaningful.
final class ElementwiseCases {
    /// The last is split between two threads.
    private static final int[] SIZES = {0, 1, 7, 13, 16, 17, 255, 256, 257, 300, 4095, 4096, 4097, 12_300, 140_000};
    private static final double KEEP = 0.7;

    private ElementwiseCases() {
    }

    static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>();
        for (int size : SIZES) {
            for (ElementwiseKernels.Unary f : ElementwiseKernels.Unary.values()) {
                cases.add(unary(f, size, false));
            }
            for (ElementwiseKernels.Binary f : ElementwiseKernels.Binary.values()) {
                cases.add(binary(f, size));
            }
            cases.add(unary(ElementwiseKernels.Unary.EXP, size, true));
            addScaling(cases, size);
            addGated(cases, size);
            for (DType type : new DType[] {DType.F64, DType.F32, DType.BF16, DType.F16}) {
                cases.add(convert(type, size));
            }
        }
        return cases;
    }

    private static KernelCase unary(ElementwiseKernels.Unary f, int size, boolean inPlace) {
        return KernelCase.of("unary " + f, KernelCase.ALL, (backend, in) -> {
            Tensor x = in.values(size);
            Tensor y = inPlace ? x : in.junk(size);
            backend.elementwise().unary(f, x, y);
            return List.of(y);
        }, size, inPlace ? "in place" : "");
    }

    private static KernelCase binary(ElementwiseKernels.Binary f, int size) {
        return KernelCase.of("binary " + f, KernelCase.ALL, (backend, in) -> {
            Tensor y = in.junk(size);
            backend.elementwise().binary(f, in.values(size), in.values(size), y);
            return List.of(y);
        }, size);
    }

    private static void addScaling(List<KernelCase> cases, int size) {
        cases.add(KernelCase.of("affine", KernelCase.ALL, (backend, in) -> {
            Tensor y = in.junk(size);
            backend.elementwise().affine(in.values(size), 0.1, -1.7, y);
            return List.of(y);
        }, size));
        cases.add(KernelCase.of("addScaled", KernelCase.ALL, (backend, in) -> {
            Tensor y = in.values(size);
            backend.elementwise().addScaled(0.1, in.values(size), y);
            return List.of(y);
        }, size));
        cases.add(KernelCase.of("clamp", KernelCase.ALL, (backend, in) -> {
            Tensor y = in.junk(size);
            backend.elementwise().clamp(in.values(size), -0.5, 1.1, y);
            return List.of(y);
        }, size));
        cases.add(KernelCase.of("fill", KernelCase.ORDINARY, (backend, in) -> {
            Tensor x = in.junk(size);
            backend.elementwise().fill(x, 0.1);
            return List.of(x);
        }, size));
        cases.add(KernelCase.of("sum", KernelCase.ALL, (backend, in) -> {
            Tensor sum = in.junk(1);
            backend.elementwise().sum(in.values(size), sum);
            return List.of(sum);
        }, size));
        cases.add(KernelCase.of("dropoutMask", KernelCase.ORDINARY, (backend, in) -> {
            Tensor mask = in.junk(size);
            backend.elementwise().dropoutMask(RandomKey.of(5).fold("dropout"), KEEP, mask);
            return List.of(mask);
        }, size));
    }

    private static void addGated(List<KernelCase> cases, int size) {
        cases.add(KernelCase.of("swiGlu", KernelCase.ALL, (backend, in) -> {
            Tensor out = in.junk(size);
            backend.elementwise().swiGlu(in.values(size), in.values(size), out);
            return List.of(out);
        }, size));
        cases.add(KernelCase.of("swiGluBackward", KernelCase.ALL, (backend, in) -> {
            Tensor dgate = in.junk(size);
            Tensor dup = in.junk(size);
            backend.elementwise().swiGluBackward(in.ordinary(size), in.values(size), in.values(size), dgate, dup);
            return List.of(dgate, dup);
        }, size));
        cases.add(KernelCase.of("swiGluBackward", KernelCase.ALL, (backend, in) -> {
            Tensor gate = in.values(size);
            Tensor up = in.values(size);
            backend.elementwise().swiGluBackward(in.ordinary(size), gate, up, gate, up);
            return List.of(gate, up);
        }, size, "in place"));
    }

    /// There and back: the narrow tensor is compared in the call's type.
    private static KernelCase convert(DType type, int size) {
        return KernelCase.of("convert " + type, KernelCase.ALL, (backend, in) -> {
            Tensor narrow = in.scope().zeros(type, size);
            backend.elementwise().convert(in.values(size), narrow);
            Tensor back = in.junk(size);
            backend.elementwise().convert(narrow, back);
            return List.of(back);
        }, size);
    }
}
