package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.contract.KernelCase;

/// The contract through JCuda: of each kernel a few cases, since the kernels themselves are the same.
class JCudaContractTest extends CudaContract {
    private static final int CASES = 6;

    JCudaContractTest() {
        super(JCudaApi.NAME);
    }

    @Override
    protected List<KernelCase> cases() {
        return spread(super.cases(), CASES);
    }
}
