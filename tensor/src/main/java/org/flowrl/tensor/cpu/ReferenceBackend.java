package org.flowrl.tensor.cpu;

import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.RowKernels;

/// The executable specification: every kernel as plain loops in exactly the documented order, in F32 and F64 from one
/// text (see {@link Precision}), on the caller's thread. The oracle of all other backends, the engine of finite
/// differences, and what serves where the JVM has no vector module.
public final class ReferenceBackend implements Backend {
    private final Memory memory = Memory.ofHost();
    private final MatmulKernels matmul = new ReferenceMatmul();
    private final RowKernels rows = new ReferenceRows();
    private final AttentionKernels attention = new ReferenceAttention();
    private final HeadKernels heads = new ReferenceHeads();
    private final ElementwiseKernels elementwise = new ReferenceElementwise();
    private final OptimizerKernels optimizer = new ReferenceOptimizer();

    @Override
    public String name() {
        return ReferenceProvider.NAME;
    }

    @Override
    public String description() {
        return ReferenceProvider.DESCRIPTION;
    }

    @Override
    public Device device() {
        return Device.CPU;
    }

    @Override
    public Guarantees guarantees() {
        return new Guarantees(true, true);
    }

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public MatmulKernels matmul() {
        return matmul;
    }

    @Override
    public RowKernels rows() {
        return rows;
    }

    @Override
    public AttentionKernels attention() {
        return attention;
    }

    @Override
    public HeadKernels heads() {
        return heads;
    }

    @Override
    public ElementwiseKernels elementwise() {
        return elementwise;
    }

    @Override
    public OptimizerKernels optimizer() {
        return optimizer;
    }

    @Override
    public void close() {
        memory.close();
    }
}
