package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.contract.KernelCase;

/// The contract with products of BF16, of the kernels that it changes: attention, on tensor cores where heads have 64
/// elements, and gradients of weights.
class RoundingContractTest extends CudaContract {
    private static final int CASES = 70;

    RoundingContractTest() {
        super(FfmApi.NAME);
    }

    @Override
    protected Backend open(int threads) {
        useCard();
        return TwoCards.rounding();
    }

    @Override
    protected List<KernelCase> cases() {
        List<KernelCase> cases = KernelCase.all().stream().filter(kernel -> kernel.kernel().equals("attention forward")
                || kernel.kernel().equals("attention backward") || kernel.kernel().equals("matmul weightGradient")
                || kernel.kernel().equals("matmul gradients")).toList();
        return Boolean.getBoolean(REAL_CARD) ? cases : spread(cases, CASES);
    }

    @Override
    protected double tolerance(KernelCase kernel) {
        return BFLOAT16_TOLERANCE;
    }
}
