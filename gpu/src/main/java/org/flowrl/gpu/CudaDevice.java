package org.flowrl.gpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongConsumer;
import org.flowrl.tensor.Closing;
import org.flowrl.tensor.Device;

/// One card as the kernel families see it: a stream of work, products, copies through pinned memory, and the notes that
/// kernels leave about wrong indices. One thread at a time; the card's context follows the calling thread.
final class CudaDevice implements AutoCloseable {
    /// Pinned memory that copies between host and card go through.
    private static final long STAGING_BYTES = 8 << 20;
    private static final long STAGING_ALIGNMENT = 64;
    /// What cuBLAS's documentation recommends for the newest architectures.
    private static final long BLAS_WORKSPACE_BYTES = 32 << 20;
    private static final long FAULT_BYTES = (long) Fault.values().length * Long.BYTES;

    private final CudaApi api;
    /// What gives back each thing that was taken, in the order of taking.
    private final List<Runnable> ends = new ArrayList<>();
    private final Device device;
    private final int index;
    private final int multiprocessors;
    private final int mostSharedBytes;
    private final long context;
    private final long stream;
    private final long blas;
    private final long faults;
    private final MemorySegment faultNotes;
    private final MemorySegment staging;
    private long stagingUsed;
    private boolean isCapturing;
    private Thread user;

    /// Opens card `index` and takes over `api`. Where a call fails, everything that was taken is given back, `api`
    /// included.
    CudaDevice(CudaApi api, int index) {
        this.api = api;
        this.index = index;
        this.device = new Device("cuda", index);
        ends.add(api::close);
        try {
            multiprocessors = api.attribute(CudaApi.MULTIPROCESSORS, index);
            mostSharedBytes = api.attribute(CudaApi.MOST_SHARED_BYTES, index);
            context = taken(api.retainContext(index), _ -> api.releaseContext(index));
            enter();
            stream = taken(api.createStream(), api::destroyStream);
            long workspace = taken(api.allocate(BLAS_WORKSPACE_BYTES), api::free);
            // Given back before what it works in.
            blas = taken(api.createBlas(), api::destroyBlas);
            api.blasStream(blas, stream);
            api.blasWorkspace(blas, workspace, BLAS_WORKSPACE_BYTES);
            faults = taken(api.allocate(FAULT_BYTES), api::free);
            faultNotes = hostMemory(FAULT_BYTES);
            staging = hostMemory(STAGING_BYTES);
            clearFaults();
        } catch (RuntimeException | Error e) {
            Closing.after(e, () -> Closing.all(ends.reversed()));
            throw e;
        }
    }

    private long taken(long handle, LongConsumer end) {
        ends.add(() -> end.accept(handle));
        return handle;
    }

    @SuppressWarnings("restricted")
    private MemorySegment hostMemory(long bytes) {
        return MemorySegment.ofAddress(taken(api.allocateHost(bytes), api::freeHost)).reinterpret(bytes);
    }

    /// The calls of the driver and of cuBLAS, after making the card the calling thread's.
    CudaApi enter() {
        if (user != Thread.currentThread()) {
            api.useContext(context);
            user = Thread.currentThread();
        }
        return api;
    }

    /// The device that tensors lie on.
    Device device() {
        return device;
    }

    /// The stream that all work goes into.
    long stream() {
        return stream;
    }

    /// The cuBLAS handle.
    long blas() {
        return blas;
    }

    /// Number of multiprocessors.
    int multiprocessors() {
        return multiprocessors;
    }

    /// Bytes of shared memory that a block can have.
    int mostSharedBytes() {
        return mostSharedBytes;
    }

    /// Bytes that are held for the card's libraries.
    long workspaceBytes() {
        return BLAS_WORKSPACE_BYTES + FAULT_BYTES;
    }

    /// Product name, architecture and memory, versions of driver and cuBLAS, and the binding.
    String description() {
        return String.format(Locale.ROOT, "%s, sm_%d%d, %,d MiB; CUDA %d.%d, cuBLAS %s, %s", api.deviceName(index),
                api.attribute(CudaApi.CAPABILITY_MAJOR, index), api.attribute(CudaApi.CAPABILITY_MINOR, index),
                api.totalBytes(index) >> 20, api.driverVersion() / 1000, api.driverVersion() % 1000 / 10,
                api.blasVersion(blas), api.binding());
    }

    /// Device address of the notes of one rule.
    long address(Fault fault) {
        return faults + (long) fault.ordinal() * Long.BYTES;
    }

    /// Copies from any host memory; the copy may be under way at the return, the host memory is free again.
    void copyIn(MemorySegment host, long address) {
        requireNoCapture("a copy from the host");
        for (long at = 0; at < host.byteSize(); at += STAGING_BYTES) {
            long bytes = Math.min(STAGING_BYTES, host.byteSize() - at);
            MemorySegment part = stage(bytes).copyFrom(host.asSlice(at, bytes));
            enter().copyIn(part.address(), address + at, bytes, stream);
        }
    }

    /// Waits for the card and copies to any host memory.
    ///
    /// @throws IllegalArgumentException where a kernel since the last wait was given a wrong index
    void copyOut(long address, MemorySegment host) {
        requireNoCapture("a copy to the host");
        for (long at = 0; at < host.byteSize(); at += STAGING_BYTES) {
            long bytes = Math.min(STAGING_BYTES, host.byteSize() - at);
            MemorySegment part = stage(bytes);
            enter().copyOut(address + at, part.address(), bytes, stream);
            synchronize();
            host.asSlice(at, bytes).copyFrom(part);
        }
    }

    /// Pinned memory that no copy under way uses.
    private MemorySegment stage(long bytes) {
        if (stagingUsed + bytes > STAGING_BYTES) {
            synchronize();
        }
        MemorySegment part = staging.asSlice(stagingUsed, bytes);
        stagingUsed = Math.ceilDiv(stagingUsed + bytes, STAGING_ALIGNMENT) * STAGING_ALIGNMENT;
        return part;
    }

    /// Waits until all work is done.
    ///
    /// @throws IllegalArgumentException where a kernel since the last wait was given a wrong index
    /// @throws ArithmeticException where it was to draw from no distribution
    void synchronize() {
        requireNoCapture("waiting for the card");
        enter().copyOut(faults, faultNotes.address(), FAULT_BYTES, stream);
        api.synchronize(stream);
        stagingUsed = 0;
        for (Fault fault : Fault.values()) {
            long note = faultNotes.getAtIndex(ValueLayout.JAVA_LONG, fault.ordinal());
            if (note != Fault.NONE) {
                clearFaults();
                throw fault.exception(note);
            }
        }
    }

    /// Notes the work that `work` puts into the stream, and does not do it.
    ///
    /// @return a graph, which the caller destroys
    /// @throws IllegalStateException where the work asks for what cannot be noted
    long capture(Runnable work) {
        requireNoCapture("a second recording");
        enter().beginCapture(stream);
        isCapturing = true;
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            isCapturing = false;
            giveUpCapture(e);
            throw e;
        }
        isCapturing = false;
        return api.endCapture(stream);
    }

    /// The driver has no graph to give where it has itself refused a call.
    private void giveUpCapture(Throwable cause) {
        try {
            api.destroyGraph(api.endCapture(stream));
        } catch (CudaException e) {
            cause.addSuppressed(e);
        }
    }

    /// Refuses what the driver does not take while it notes work, or takes and would repeat with what lay there then.
    void requireNoCapture(String what) {
        if (isCapturing) {
            throw new IllegalStateException("record: " + what + " must not be asked for while work is recorded");
        }
    }

    private void clearFaults() {
        enter().fill(faults, (byte) Fault.NONE, FAULT_BYTES, stream);
    }

    /// Waits for the card and gives everything back, whatever becomes of any of it.
    @Override
    public void close() {
        List<Runnable> actions = new ArrayList<>(List.of(() -> enter().synchronize(stream)));
        actions.addAll(ends.reversed());
        Closing.all(actions);
    }
}
