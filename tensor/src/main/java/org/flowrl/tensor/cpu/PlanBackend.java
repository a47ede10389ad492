package org.flowrl.tensor.cpu;

import java.util.Optional;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.Recorder;
import org.flowrl.tensor.RowKernels;

/// Runs a program without computing anything, to learn how much memory it takes: kernels check their arguments and
/// leave their outputs alone, tensors lie on {@link Device#PLAN} and read as zeros. A model of hundreds of gigabytes
/// is planned in milliseconds.
///
/// Packed copies have the bytes that those of the planned backend have, and {@link #workspaceBytes} is what its buffers
/// would have grown to. A sampled token is always 0.
public final class PlanBackend implements Backend {
    private static final String NAME = "plan";

    private final Memory memory;
    private final PlanScratch scratch;
    private final PlanKernels kernels;
    private final Guarantees guarantees;
    private final Optional<Recorder> recorder;
    private final Optional<FusedKernels> fused;
    /// A card's; the CPU has none.
    private final Optional<ProductPrecision> precision;

    private PlanBackend(PlanScratch scratch, Optional<Card> card) {
        this.memory = Memory.planned(card.map(Card::slabBytes).orElse(0L));
        this.scratch = scratch;
        this.kernels = new PlanKernels(scratch, card.isPresent());
        this.guarantees = new Guarantees(card.isEmpty(), true);
        this.recorder = card.filter(Card::records).map(_ -> new PlanRecorder());
        this.fused = card.map(_ -> new PlanFusedKernels(scratch));
        this.precision = card.map(Card::products);
    }

    /// How a card is used, as far as it takes memory.
    ///
    /// @param records true where decoding steps are recorded: `gpu.graphs`
    /// @param products how it computes them: `gpu.products`
    /// @param slabBytes of memory: `gpu.slabBytes`
    public record Card(boolean records, ProductPrecision products, long slabBytes) {
        /// What holds where nothing is set.
        public static final Card USUAL = new Card(true, ProductPrecision.WEIGHTS, 64 << 20);
    }

    /// Work that is recorded is counted as if it were done, which takes the same memory.
    private record PlanRecorder() implements Recorder {
        @Override
        public Recording record(Runnable work) {
            work.run();
            return new PlanRecording();
        }
    }

    private record PlanRecording() implements Recorder.Recording {
        @Override
        public boolean isCurrent() {
            return true;
        }

        @Override
        public void run() {
            // It takes no more memory.
        }

        @Override
        public void close() {
            // There is nothing to give back.
        }
    }

    /// A plan of the vector backend.
    ///
    /// @param threads each of which has chunk buffers; at least 1
    public static PlanBackend ofCpu(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("plan: " + threads + " threads must be at least 1");
        }
        return new PlanBackend(new PlanVectorScratch(threads), Optional.empty());
    }

    /// A plan of the CUDA backend on any card.
    public static PlanBackend ofCard(Card card) {
        return new PlanBackend(new PlanCardScratch(card.products()), Optional.of(card));
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
    public Optional<Recorder> recorder() {
        return recorder;
    }

    @Override
    public Optional<FusedKernels> fused() {
        return fused;
    }

    @Override
    public Optional<FusedGradients> fusedGradients(DType storage) {
        return precision.filter(own -> own.operands(storage) == storage).map(_ -> new PlanFusedGradients(scratch));
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
        return attention(DType.F32);
    }

    @Override
    public AttentionKernels attention(DType storage) {
        return new PlanAttention(scratch, storage);
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
