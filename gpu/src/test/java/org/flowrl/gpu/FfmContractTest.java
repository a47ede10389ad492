package org.flowrl.gpu;

/// The contract through java.lang.foreign.
class FfmContractTest extends CudaContract {
    FfmContractTest() {
        super(FfmApi.NAME);
    }
}
