package org.flowrl.bench.peers;

import static org.flowrl.bench.peers.OneDnnProduct.rowMajor;
import static org.flowrl.bench.peers.OneDnnProduct.transposed;

import org.bytedeco.dnnl.engine;
import org.flowrl.bench.kernel.Call;
import org.flowrl.bench.kernel.Engine;
import org.flowrl.bench.kernel.Inputs;
import org.flowrl.bench.kernel.KernelCase;
import org.flowrl.bench.kernel.MatmulCase;

/// oneDNN's matmul primitive, with weights as FlowRL's trainer holds them: forward reordered beforehand into the layout
/// that the primitive asks for, as FlowRL holds its own packed; row-major in the input's gradient, as in FlowRL, with
/// {@link PackedOneDnnEngine} beside it. The two operands of a weight gradient, which are new in every step, are
/// row-major. The weight gradient is added to its result by a post-operation.
public final class OneDnnEngine implements Engine {
    /// For the service loader.
    public OneDnnEngine() {
    }

    @Override
    public String name() {
        return "onednn";
    }

    @Override
    public Role role() {
        return Role.PEER;
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
        return kernelCase instanceof MatmulCase;
    }

    @Override
    public Call prepare(KernelCase kernelCase, Inputs inputs, int threads) {
        engine processor = new engine(engine.kind.cpu, 0);
        OpenMp.setThreads(threads);
        MatmulCase c = (MatmulCase) kernelCase;
        return switch (c.kind()) {
            case FORWARD, FORWARD_BF16 -> new OneDnnProduct(processor, inputs.get("x"), rowMajor(c.m(), c.k()),
                    inputs.get("w"), transposed(c.k(), c.n()), true,
                    inputs.allocate(c.m() * c.n()), rowMajor(c.m(), c.n()), false);
            case INPUT_GRADIENT -> inputGradient(processor, c, inputs, false);
            case WEIGHT_GRADIENT -> new OneDnnProduct(processor, inputs.get("dy"), transposed(c.n(), c.m()),
                    inputs.get("x"), rowMajor(c.m(), c.k()), false,
                    inputs.allocate(c.n() * c.k()), rowMajor(c.n(), c.k()), true);
        };
    }

    static OneDnnProduct inputGradient(engine processor, MatmulCase c, Inputs inputs, boolean isPacked) {
        return new OneDnnProduct(processor, inputs.get("dy"), rowMajor(c.m(), c.n()),
                inputs.get("w"), rowMajor(c.n(), c.k()), isPacked,
                inputs.allocate(c.m() * c.k()), rowMajor(c.m(), c.k()), false);
    }
}
