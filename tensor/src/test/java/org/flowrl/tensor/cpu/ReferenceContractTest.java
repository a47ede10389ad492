package org.flowrl.tensor.cpu;

import java.util.List;
import java.util.stream.IntStream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.contract.BackendContract;
import org.flowrl.tensor.contract.KernelCase;

/// The reference backend keeps the contract that it specifies.
class ReferenceContractTest extends BackendContract {
    /// A number without a factor in common with the table's own periods.
    private static final int EVERY = 7;

    @Override
    protected Backend open(int threads) {
        return new ReferenceBackend();
    }

    /// Against itself the reference backend can only show that it repeats its bits and leaves no memory in use: a part
    /// of the table is enough. {@link ReferenceFormulaTest} and its neighbours say whether it is right.
    @Override
    protected List<KernelCase> cases() {
        List<KernelCase> all = super.cases();
        return IntStream.iterate(0, i -> i < all.size(), i -> i + EVERY).mapToObj(all::get).toList();
    }
}
