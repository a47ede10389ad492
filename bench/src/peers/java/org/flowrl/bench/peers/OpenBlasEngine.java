package org.flowrl.bench.peers;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_full;
import org.flowrl.bench.kernel.Call;
import org.flowrl.bench.kernel.Engine;
import org.flowrl.bench.kernel.Inputs;
import org.flowrl.bench.kernel.KernelCase;
import org.flowrl.bench.kernel.MatmulCase;

/// OpenBLAS, `cblas_sgemm` on row-major operands; it packs its operands within the call and has no call to pack a
/// weight beforehand. Its kernel set is the one that it chooses for the processor.
public final class OpenBlasEngine implements Engine {
    /// For the service loader.
    public OpenBlasEngine() {
    }

    @Override
    public String name() {
        return "openblas";
    }

    @Override
    public Role role() {
        return Role.PEER;
    }

    @Override
    public String version() {
        return Versions.of("openblas");
    }

    @Override
    public boolean isJava() {
        return false;
    }

    @Override
    public boolean supports(KernelCase kernelCase) {
        return kernelCase instanceof MatmulCase;
    }

    @Override
    public Call prepare(KernelCase kernelCase, Inputs inputs, int threads) {
        openblas_full.openblas_set_num_threads(threads);
        MatmulCase c = (MatmulCase) kernelCase;
        return switch (c.kind()) {
            case FORWARD, FORWARD_BF16 -> new Product(inputs.get("x"), false, inputs.get("w"), true,
                    inputs.allocate(c.m() * c.n()), new long[] {c.m(), c.n(), c.k()}, 0);
            case INPUT_GRADIENT -> new Product(inputs.get("dy"), false, inputs.get("w"), false,
                    inputs.allocate(c.m() * c.k()), new long[] {c.m(), c.k(), c.n()}, 0);
            case WEIGHT_GRADIENT -> new Product(inputs.get("dy"), true, inputs.get("x"), false,
                    inputs.allocate(c.n() * c.k()), new long[] {c.n(), c.k(), c.m()}, 1);
        };
    }

    /// C [rows, columns] = A · B + beta · C, with A or B given transposed.
    private static final class Product implements Call {
        private final MemorySegment result;
        private final FloatPointer a;
        private final FloatPointer b;
        private final FloatPointer c;
        private final int transposeA;
        private final int transposeB;
        private final int rows;
        private final int columns;
        private final int inner;
        private final float beta;

        Product(MemorySegment a, boolean transposeA, MemorySegment b, boolean transposeB, MemorySegment c,
                long[] rowsColumnsInner, float beta) {
            result = c;
            this.a = Pointers.floats(a);
            this.b = Pointers.floats(b);
            this.c = Pointers.floats(c);
            this.transposeA = transposeA ? openblas_full.CblasTrans : openblas_full.CblasNoTrans;
            this.transposeB = transposeB ? openblas_full.CblasTrans : openblas_full.CblasNoTrans;
            rows = Math.toIntExact(rowsColumnsInner[0]);
            columns = Math.toIntExact(rowsColumnsInner[1]);
            inner = Math.toIntExact(rowsColumnsInner[2]);
            this.beta = beta;
        }

        @Override
        public void run() {
            int strideA = transposeA == openblas_full.CblasTrans ? rows : inner;
            int strideB = transposeB == openblas_full.CblasTrans ? inner : columns;
            openblas_full.cblas_sgemm(openblas_full.CblasRowMajor, transposeA, transposeB, rows, columns, inner, 1,
                    a, strideA, b, strideB, beta, c, columns);
        }

        @Override
        public List<MemorySegment> results() {
            return List.of(result);
        }

        @Override
        public void close() {
            a.close();
            b.close();
            c.close();
        }
    }
}
