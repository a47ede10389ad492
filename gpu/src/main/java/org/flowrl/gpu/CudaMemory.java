package org.flowrl.gpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.flowrl.tensor.Closing;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Slabs;

/// Device memory: small blocks are cut from {@link Slabs}, since the driver rounds every request up to megabytes and
/// waits for the card. {@link Memory} above keeps blocks for reuse; slabs go back when it is closed.
final class CudaMemory implements Memory.Source {
    /// The system property with the size of a slab in bytes; 0 gives each block an allocation of its own.
    static final String SLAB_PROPERTY = "gpu.slabBytes";

    private static final long SLAB_BYTES = 64 << 20;

    private final CudaDevice device;
    private final Slabs slabs = new Slabs(Long.getLong(SLAB_PROPERTY, SLAB_BYTES), this::newAllocation);
    private final List<Long> allocations = new ArrayList<>();

    CudaMemory(CudaDevice device) {
        this.device = device;
    }

    @Override
    public Device device() {
        return device.device();
    }

    /// @throws OutOfDeviceMemoryException where the card has not as much memory left
    @Override
    @SuppressWarnings("restricted")
    public MemorySegment allocate(long bytes) {
        return MemorySegment.ofAddress(slabs.cut(bytes)).reinterpret(bytes);
    }

    @Override
    public long deviceBytes(long blockBytes) {
        return slabs.bytes();
    }

    private long newAllocation(long bytes) {
        device.requireNoCapture("new device memory");
        CudaApi api = device.enter();
        long address;
        try {
            address = api.allocate(bytes);
        } catch (CudaException e) {
            if (!e.isOutOfMemory()) {
                throw e;
            }
            throw new OutOfDeviceMemoryException(String.format(Locale.ROOT, "%s: %,d MiB more were asked for, %,d MiB "
                    + "are free", device.device(), bytes >> 20, api.freeBytes() >> 20), e);
        }
        allocations.add(address);
        return address;
    }

    @Override
    public void copyIn(MemorySegment host, MemorySegment block) {
        device.copyIn(host, block.address());
    }

    @Override
    public void copyOut(MemorySegment block, MemorySegment host) {
        device.copyOut(block.address(), host);
    }

    @Override
    public void copy(MemorySegment from, MemorySegment to) {
        if (from.byteSize() > 0) {
            device.enter().copy(from.address(), to.address(), from.byteSize(), device.stream());
        }
    }

    @Override
    public void fill(MemorySegment block, byte value) {
        if (block.byteSize() > 0) {
            device.enter().fill(block.address(), value, block.byteSize(), device.stream());
        }
    }

    @Override
    public void close() {
        List<Runnable> actions = allocations.stream()
                .<Runnable>map(address -> () -> device.enter().free(address)).toList();
        allocations.clear();
        Closing.all(actions);
    }

    /// The card's memory does not suffice.
    static final class OutOfDeviceMemoryException extends RuntimeException {
        private static final long serialVersionUID = 1;

        OutOfDeviceMemoryException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
