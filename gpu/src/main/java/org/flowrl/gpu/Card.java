package org.flowrl.gpu;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// What the kernel families of one backend share.
///
/// @param device the card's stream, products and copies
/// @param kernels the project's own kernels
/// @param scratch memory for work within a call
record Card(CudaDevice device, Kernels kernels, Scratch scratch) implements AutoCloseable {
    /// The backend's name.
    static final String NAME = "cuda";

    /// Opens card `index` and takes over `api`.
    static Card open(CudaApi api, int index) {
        CudaDevice device = new CudaDevice(api, index);
        return new Card(device, new Kernels(device), new Scratch(device));
    }

    /// Refuses a tensor that is not F32 on this card.
    void requireFloats(String operation, Tensor tensor) {
        Arguments.only(DType.F32, device.device(), NAME, operation, tensor);
    }

    @Override
    public void close() {
        scratch.close();
        kernels.close();
        device.close();
    }
}
