package org.flowrl.bench.peers;

import org.bytedeco.dnnl.engine;
import org.flowrl.bench.kernel.Call;
import org.flowrl.bench.kernel.Engine;
import org.flowrl.bench.kernel.Inputs;
import org.flowrl.bench.kernel.KernelCase;
import org.flowrl.bench.kernel.MatmulCase;

/// oneDNN's input gradient with a weight that was reordered for it beforehand, which neither FlowRL nor PyTorch holds
/// in training: what a second packed copy of every weight would give. A yardstick, for it is not the same work.
public final class PackedOneDnnEngine implements Engine {
    /// For the service loader.
    public PackedOneDnnEngine() {
    }

    @Override
    public String name() {
        return "onednn-packed";
    }

    @Override
    public Role role() {
        return Role.YARDSTICK;
    }

    @Override
    public String version() {
        return Versions.of("dnnl");
    }

    @Override
    public boolean isJava() {
        return false;
    }

    @Override
    public boolean supports(KernelCase kernelCase) {
        return kernelCase instanceof MatmulCase matmul && matmul.kind() == MatmulCase.Kind.INPUT_GRADIENT;
    }

    @Override
    public Call prepare(KernelCase kernelCase, Inputs inputs, int threads) {
        OpenMp.setThreads(threads);
        return OneDnnEngine.inputGradient(new engine(engine.kind.cpu, 0), (MatmulCase) kernelCase, inputs, true);
    }
}
