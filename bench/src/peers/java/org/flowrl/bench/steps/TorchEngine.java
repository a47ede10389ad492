package org.flowrl.bench.steps;

import java.util.Optional;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/// libtorch on the CPU, through bytedeco's bindings of its C++ API: eager ops and autograd, as Python's PyTorch without
/// the interpreter.
///
/// This build of libtorch multiplies matrices in OpenBLAS, which has threads of its own beside those of OpenMP. Each
/// team spins for a while after its work and takes the cores from the other: a step of `train-tiny` with two threads
/// took 0.42 s as the libraries come, 0.11 s with the two variables that this class sets before they are loaded.
public abstract sealed class TorchEngine implements StepEngine {
    /// Of the artefacts in the build's profile `peers`.
    private static final String VERSION = "2.10.0";

    private final boolean isAutocast;

    TorchEngine(boolean isAutocast) {
        this.isAutocast = isAutocast;
    }

    /// Everything in F32.
    public static final class F32 extends TorchEngine {
        public F32() {
            super(false);
        }
    }

    /// F32 weights under BF16 autocast.
    public static final class Bf16Autocast extends TorchEngine {
        public Bf16Autocast() {
            super(true);
        }
    }

    @Override
    public String name() {
        return isAutocast ? "libtorch BF16 autocast" : "libtorch F32";
    }

    @Override
    public String description() {
        waitWithoutSpinning();
        return "libtorch " + VERSION + " (bytedeco, OpenBLAS and oneDNN), "
                + torch.get_cpu_capability().getString()
                + "; scaled_dot_product_attention (causal), rms_norm, cross_entropy over [N, V], "
                + "AdamW by _fused_adamw_; OMP_WAIT_POLICY=PASSIVE, OPENBLAS_THREAD_TIMEOUT=4"
                + (isAutocast ? "; BF16 autocast in the forward pass, F32 weights" : "");
    }

    @Override
    public Optional<String> refusal(Workload workload) {
        return workload.kind() == Workload.Kind.TRAIN ? Optional.empty() : Optional.of("it is a training peer");
    }

    /// F32: rounding in other orders; BF16: 8 bits of mantissa, averaged over the tokens of a batch.
    @Override
    public double lossTolerance() {
        return isAutocast ? 1e-2 : 1e-4;
    }

    @Override
    public Prepared open(Workload workload, int threads) {
        waitWithoutSpinning();
        torch.set_num_threads(threads);
        openblas_nolapack.blas_set_num_threads(threads);
        return new TorchTraining(workload, isAutocast);
    }

    private static void waitWithoutSpinning() {
        NativeEnvironment environment = new NativeEnvironment();
        environment.setDefault("OMP_WAIT_POLICY", "PASSIVE");
        environment.setDefault("OPENBLAS_THREAD_TIMEOUT", "4");
    }
}
