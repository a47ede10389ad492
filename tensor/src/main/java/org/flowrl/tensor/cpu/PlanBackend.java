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

/// Runs a program without computing anything, to learn how much memory it takes: kernels check their arguments and
/// leave their outputs alone, tensors lie on {@link Device#PLAN} and read as zeros. A model of hundreds of gigabytes
/// is planned in milliseconds.
///
/// Packed copies have the bytes that those of the planned backend have, and {@link #workspaceBytes} is what its buffers
/// would have grown to. A sampled token is always 0.
public final class PlanBackend implements Backend {
    private static final String NAME = "plan";

    private final Memory memory = Memory.planned();
    private final PlanScratch scratch;
    private final PlanKernels kernels;
    private final Guarantees guarantees;

    private PlanBackend(PlanScratch scratch, boolean isOnCard) {
        this.scratch = scratch;
        this.kernels = new PlanKernels(scratch, isOnCard);
        this.guarantees = new Guarantees(!isOnCard, true);
    }

    /// A plan of the vector backend.
    ///
    /// @param threads each of which has chunk buffers; at least 1
    public static PlanBackend ofCpu(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("plan: " + threads + " threads must be at least 1");
        }
        return new PlanBackend(new PlanVectorScratch(threads), false);
    }

    /// A plan of the CUDA backend on any card.
    public static PlanBackend ofCard() {
        return new PlanBackend(new PlanCardScratch(), true);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "counts memory and computes nothing";
    }

    @Override
    public Device device() {
        return Device.PLAN;
    }

    /// Those of the planned backend, so that the planned program takes the path that it takes there.
    @Override
    public Guarantees guarantees() {
        return guarantees;
    }

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public long workspaceBytes() {
        return scratch.bytes();
    }

    @Override
    public MatmulKernels matmul() {
        return kernels;
    }

    @Override
    public RowKernels rows() {
        return kernels;
    }

    @Override
    public AttentionKernels attention() {
        return kernels;
    }

    @Override
    public HeadKernels heads() {
        return kernels;
    }

    @Override
    public ElementwiseKernels elementwise() {
        return kernels;
    }

    @Override
    public OptimizerKernels optimizer() {
        return kernels;
    }

    @Override
    public void close() {
        memory.close();
    }
}
