package org.flowrl.gpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.contract.KernelCase;

/// The contract through JCuda: of each kernel a few cases, since the kernels themselves are the same.
class JCudaContractTest extends CudaContract {
    private static final int CASES = 6;

    JCudaContractTest() {
        super(JCudaApi.NAME);
    }

    @Override
    protected List<KernelCase> cases() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        return super.cases().stream().filter(kernel -> counts.merge(kernel.kernel(), 1, Integer::sum) <= CASES)
                .toList();
    }
}
