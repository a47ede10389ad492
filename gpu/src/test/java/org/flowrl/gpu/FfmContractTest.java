package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.contract.KernelCase;

/// The contract through java.lang.foreign: on a real card all cases, on the emulated one as many as take half a minute.
class FfmContractTest extends CudaContract {
    private static final int CASES = 70;

    FfmContractTest() {
        super(FfmApi.NAME);
    }

    @Override
    protected List<KernelCase> cases() {
        return Boolean.getBoolean(REAL_CARD) ? super.cases() : spread(super.cases(), CASES);
    }
}
