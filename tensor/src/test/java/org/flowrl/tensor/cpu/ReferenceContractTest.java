package org.flowrl.tensor.cpu;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.contract.BackendContract;

/// The reference backend keeps the contract that it specifies.
class ReferenceContractTest extends BackendContract {
    @Override
    protected Backend open(int threads) {
        return new ReferenceBackend();
    }
}
