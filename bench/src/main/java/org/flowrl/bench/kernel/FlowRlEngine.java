package org.flowrl.bench.kernel;

/// FlowRL's vector backend.
public final class FlowRlEngine implements Engine {
    /// For the service loader.
    public FlowRlEngine() {
    }

    @Override
    public String name() {
        return "flowrl";
    }

    @Override
    public Role role() {
        return Role.OURS;
    }

    @Override
    public boolean isJava() {
        return true;
    }

    @Override
    public boolean supports(KernelCase kernelCase) {
        return true;
    }

    @Override
    public Call prepare(KernelCase kernelCase, Inputs inputs, int threads) {
        return new BackendCall("vector", kernelCase, inputs, threads);
    }
}
