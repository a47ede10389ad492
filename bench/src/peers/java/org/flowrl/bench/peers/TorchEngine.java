package org.flowrl.bench.peers;

import org.bytedeco.openblas.global.openblas_full;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.global.torch;
import org.flowrl.bench.kernel.AttentionCase;
import org.flowrl.bench.kernel.Call;
import org.flowrl.bench.kernel.Engine;
import org.flowrl.bench.kernel.HeadCase;
import org.flowrl.bench.kernel.Inputs;
import org.flowrl.bench.kernel.KernelCase;
import org.flowrl.bench.kernel.MatmulCase;
import org.flowrl.bench.kernel.RowCase;

/// libtorch without gradients, results preallocated wherever an operator takes them (`…_out` or in place): its one
/// operator where it has one (fused AdamW, flash attention, index_add), else a composition of operators.
///
/// Matrix products are left to {@link OpenBlasEngine}, which bytedeco's libtorch calls for them (the wheels of
/// PyTorch call MKL).
public final class TorchEngine implements Engine {
    /// For the service loader.
    public TorchEngine() {
    }

    @Override
    public String name() {
        return "torch";
    }

    @Override
    public Role role() {
        return Role.PEER;
    }

    @Override
    public String version() {
        return Versions.of("pytorch");
    }

    @Override
    public boolean isJava() {
        return false;
    }

    @Override
    public boolean supports(KernelCase kernelCase) {
        return switch (kernelCase) {
            case MatmulCase _ -> false;
            // It rounds moments to the nearest, by which a second moment never falls: that is another update.
            case RowCase row -> row.kind() != RowCase.Kind.ADAMW_BF16;
            case AttentionCase _, HeadCase _ -> true;
        };
    }

    @Override
    public Call prepare(KernelCase kernelCase, Inputs inputs, int threads) {
        torch.set_num_threads(threads);
        openblas_full.openblas_set_num_threads(threads);
        GradMode.set_enabled(false);
        return switch (kernelCase) {
            case MatmulCase matmul -> throw new IllegalArgumentException(matmul.name() + ": see openblas");
            case RowCase row -> new TorchRows(inputs).prepare(row);
            case AttentionCase attention -> new TorchAttention(attention, inputs).prepare();
            case HeadCase head -> new TorchHeads(inputs).prepare(head);
        };
    }
}
