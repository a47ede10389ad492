package org.flowrl.bench.peers;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.flowrl.bench.kernel.Call;

/// A composition of libtorch operators.
///
/// @param kernel the timed part
/// @param outputs makes the results of the last run into the shapes that are compared; not timed
record TorchCall(Runnable kernel, Supplier<List<Tensor>> outputs) implements Call {
    /// A call whose results are tensors that exist beforehand.
    static TorchCall into(Runnable kernel, Tensor... outputs) {
        return new TorchCall(kernel, () -> List.of(outputs));
    }

    @Override
    public void run() {
        kernel.run();
    }

    @Override
    public List<MemorySegment> results() {
        return outputs.get().stream().map(TorchTensors::elements).toList();
    }

    /// Nothing: tensors lie in the inputs' memory, or end with the fork.
    @Override
    public void close() {
    }
}
