package org.flowrl.gpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.contract.KernelCase;

/// One case of each kernel, for compute-sanitizer, which runs a kernel a hundred times slower: the last of the table,
/// which is among the larger ones.
class SanitizerContractTest extends CudaContract {
    SanitizerContractTest() {
        super(FfmApi.NAME);
    }

    @Override
    protected Backend open(int threads) {
        assumeTrue(Boolean.getBoolean(REAL_CARD), "for a real card under compute-sanitizer, see run-on-gpu.sh");
        return super.open(threads);
    }

    @Override
    protected List<KernelCase> cases() {
        return spread(super.cases(), 1);
    }
}
