package org.flowrl.tensor.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;
import org.flowrl.tensor.contract.BackendContract;

/// The vector backend has the reference backend's bits.
class VectorContractTest extends BackendContract {
    @Override
    protected Backend open(int threads) {
        VectorProvider provider = new VectorProvider();
        BackendProvider.Candidate candidate = provider.candidates().getFirst();
        assumeTrue(candidate.available(), candidate.reason());
        return provider.open(candidate, threads);
    }
}
