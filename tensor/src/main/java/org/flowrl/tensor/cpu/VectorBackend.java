package org.flowrl.tensor.cpu;

import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Tensor;

/// F32 kernels on the Vector API and a team of threads, with the bits of the {@link ReferenceBackend} on every
/// instruction set, JIT tier and number of threads.
///
/// One `Vector…` class for each kernel family cuts the work into parts; the static kernels beneath them work on
/// addresses, one thread each. {@link VectorTile} is the heart of the matrix products.
public final class VectorBackend implements Backend {
    private final Memory memory = Memory.ofHost();
    private final VectorTeam team;
    private final VectorMatmul matmul;
    private final RowKernels rows;
    private final AttentionKernels attention;
    private final HeadKernels heads;
    private final ElementwiseKernels elementwise;
    private final OptimizerKernels optimizer;

    VectorBackend(int threads) {
        team = new VectorTeam(threads);
        matmul = new VectorMatmul(team);
        rows = new VectorRows(team);
        attention = new VectorAttention(team);
        heads = new VectorHeads(team, matmul);
        elementwise = new VectorElementwise(team);
        optimizer = new VectorOptimizer(team);
    }

    /// Vectors and tile in words, such as `AVX2, 256-bit, tile 6x16`.
    static String describeVectors() {
        int bits = VectorLanes.LENGTH * Float.SIZE;
        String processor = System.getProperty("os.arch");
        boolean isIntel = processor.equals("amd64") || processor.equals("x86_64");
        String instructions = isIntel && bits == 512 ? "AVX-512" : isIntel && bits == 256 ? "AVX2" : processor;
        return instructions + ", " + bits + "-bit, tile " + VectorTile.ROWS + "x" + VectorProduct.COLUMNS;
    }

    /// Refuses a call on a tensor of another type than F32.
    static void requireFloats(String operation, Tensor tensor) {
        Arguments.only(DType.F32, Device.CPU, "vector", operation, tensor);
    }

    @Override
    public String name() {
        return VectorProvider.NAME;
    }

    @Override
    public String description() {
        return describeVectors() + ", " + team.threads() + (team.threads() == 1 ? " thread" : " threads");
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
    public long workspaceBytes() {
        return team.scratchBytes();
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
        team.close();
        memory.close();
    }
}
