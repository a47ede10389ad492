package org.flowrl.bench.peers;

import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/// Memory of Java as libtorch tensors.
final class TorchTensors {
    private TorchTensors() {
    }

    /// An F32 tensor over the same memory.
    static Tensor floats(MemorySegment segment, long... shape) {
        return torch.from_blob(Pointers.floats(segment), shape);
    }

    /// I32 numbers as the I64 tensor that libtorch indexes with; a copy.
    static Tensor indices(MemorySegment segment, long... shape) {
        return torch.from_blob(Pointers.ints(segment), shape, new TensorOptions(torch.ScalarType.Int))
                .to(torch.ScalarType.Long);
    }

    /// The elements of an F32 tensor in row-major order, as memory that the tensor's copy owns; read it before the
    /// next call.
    static MemorySegment elements(Tensor tensor) {
        Tensor contiguous = tensor.contiguous();
        return MemorySegment.ofAddress(contiguous.data_ptr().address()).reinterpret(contiguous.numel() * Float.BYTES);
    }
}
