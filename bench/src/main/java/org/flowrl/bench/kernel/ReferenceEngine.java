package org.flowrl.bench.kernel;

/// The scalar reference backend, for cases that it finishes in a tenth of a second; it computes on one thread.
public final class ReferenceEngine implements Engine {
    private static final double MOST_OPERATIONS = 3e7;
    private static final double MOST_BYTES = 5e6;

    /// For the service loader.
    public ReferenceEngine() {
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public Role role() {
        return Role.YARDSTICK;
    }

    @Override
    public boolean isJava() {
        return true;
    }

    @Override
    public boolean supports(KernelCase kernelCase) {
        return kernelCase.work() <= switch (kernelCase.limit()) {
            case ARITHMETIC -> MOST_OPERATIONS;
            case MEMORY -> MOST_BYTES;
        };
    }

    @Override
    public Call prepare(KernelCase kernelCase, Inputs inputs, int threads) {
        return new BackendCall("reference", kernelCase, inputs, 1);
    }
}
