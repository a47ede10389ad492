package org.flowrl.gpu;

import java.util.List;
import java.util.Locale;
import org.flowrl.tensor.Closing;
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

    /// Refuses heads whose tiles a block of this card has not enough shared memory for; those of cards from 2020 on
    /// have 99 KiB at least, in which all kernels but the gradient of keys find room for 256 elements, and that for
    /// 252.
    void requireShared(String operation, Tensor q, int bytes) {
        int most = device.mostSharedBytes();
        if (bytes > most) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "%s: q %s has heads of %d elements, "
                    + "which take %,d bytes of a block's shared memory, they must take at most the %,d of %s",
                    operation, q, q.dim(2), bytes, most, device.device()));
        }
    }

    @Override
    public void close() {
        Closing.all(List.of(scratch::close, kernels::close, device::close));
    }
}
