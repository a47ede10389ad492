package org.flowrl.gpu;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.Closing;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;

/// The project's own kernels: finds them in the PTX that lies beside their sources and starts them.
///
/// ```
/// kernels.launch("rows", "rmsNorm").tensor(x).tensor(weight).real(eps).tensor(y).tensor(inverse).number(rows)
///         .number(size).overWarps(rows);
/// ```
final class Kernels implements AutoCloseable {
    /// Threads of a block, as device.cuh has it.
    static final int BLOCK_THREADS = 256;
    /// Threads of a warp.
    static final int WARP = 32;
    private static final int MOST_PARAMETERS = 40;
    /// Blocks for each multiprocessor, beyond which threads take several elements.
    private static final int BLOCKS_EACH = 32;

    private final CudaDevice device;
    private final Map<String, Long> modules = new HashMap<>();
    private final Map<String, Long> functions = new HashMap<>();
    private final Map<Long, Integer> allowedSharedBytes = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    /// Parameters of the launch that has begun last.
    private final MemorySegment values = arena.allocate(MOST_PARAMETERS * 8L, 8);
    /// Addresses of the values, 0 after the last.
    private final MemorySegment addresses = arena.allocate((MOST_PARAMETERS + 1) * 8L, 8);
    private Launch current;

    Kernels(CudaDevice device) {
        this.device = device;
    }

    /// Begins a launch of kernel `name` of module `module`: its parameters follow in the order of the source. All
    /// launches write theirs to one place, so that the next one to begin ends this one, as its start does.
    Launch launch(String module, String name) {
        Long function = functions.get(name);
        if (function == null) {
            device.requireNoCapture("kernel " + name + ", which is not loaded yet,");
            function = device.enter().function(modules.computeIfAbsent(module, this::load), name);
            functions.put(name, function);
        }
        current = new Launch(name, function);
        return current;
    }

    private long load(String module) {
        String resource = module + ".ptx";
        try (InputStream ptx = Kernels.class.getResourceAsStream(resource)) {
            if (ptx == null) {
                throw new IllegalStateException("kernels: resource " + resource + " is missing");
            }
            byte[] text = ptx.readAllBytes();
            return device.enter().loadModule(Arrays.copyOf(text, text.length + 1));
        } catch (IOException e) {
            throw new UncheckedIOException("kernels: " + resource, e);
        }
    }

    @Override
    public void close() {
        // Work that is under way would lose its code.
        List<Runnable> actions = new ArrayList<>(List.of(() -> device.enter().synchronize(device.stream())));
        modules.values().forEach(module -> actions.add(() -> device.enter().unloadModule(module)));
        actions.add(arena::close);
        Closing.all(actions);
    }

    /// One launch: parameters, then a shape of the grid, which starts it and ends it.
    final class Launch {
        private final String name;
        private final long function;
        private int count;

        private Launch(String name, long function) {
            this.name = name;
            this.function = function;
        }

        private long next() {
            requireCurrent();
            long at = count * 8L;
            addresses.set(ValueLayout.JAVA_LONG, at, values.address() + at);
            count++;
            return at;
        }

        private void requireCurrent() {
            if (current != this) {
                throw new IllegalStateException("kernel " + name + ": its launch has ended, by its start or because "
                        + "another one has begun, it must be begun anew");
            }
        }

        /// A pointer to a tensor's elements.
        Launch tensor(Tensor tensor) {
            return number(tensor.address());
        }

        /// A pointer to F32 or BF16 numbers that are written, and which of the two they are.
        Launch output(Tensor tensor) {
            return tensor(tensor).integer(tensor.dtype() == DType.BF16 ? 1 : 0);
        }

        /// A pointer to a tensor's elements, or none where there is no tensor.
        Launch optional(Tensor tensor) {
            return number(tensor == null ? 0 : tensor.address());
        }

        /// A pointer to the notes of a rule.
        Launch fault(Fault fault) {
            return number(device.address(fault));
        }

        /// A device address, or an Index.
        Launch number(long value) {
            values.set(ValueLayout.JAVA_LONG, next(), value);
            return this;
        }

        /// An int.
        Launch integer(long value) {
            values.set(ValueLayout.JAVA_INT, next(), Math.toIntExact(value));
            return this;
        }

        /// A float, rounded once.
        Launch real(double value) {
            values.set(ValueLayout.JAVA_FLOAT, next(), (float) value);
            return this;
        }

        /// A double.
        Launch wide(double value) {
            values.set(ValueLayout.JAVA_DOUBLE, next(), value);
            return this;
        }

        /// Threads go over `elements` in strides of the whole grid.
        void over(long elements) {
            long blocks = Math.ceilDiv(elements, (long) BLOCK_THREADS);
            grid(Math.min(blocks, (long) BLOCKS_EACH * device.multiprocessors()), 1, BLOCK_THREADS, 0);
        }

        /// A thread for each of `columns` in each of `layers` of the grid.
        void overColumns(long columns, long layers) {
            grid(Math.ceilDiv(columns, (long) BLOCK_THREADS), layers, BLOCK_THREADS, 0);
        }

        /// A warp for each of `rows`.
        void overWarps(long rows) {
            grid(Math.ceilDiv(rows, (long) BLOCK_THREADS / WARP), 1, BLOCK_THREADS, 0);
        }

        /// Starts blocks [x, y] of `threads`; none where x or y is 0.
        ///
        /// @throws IllegalStateException where another launch has begun since this one, or this one was started
        void grid(long x, long y, int threads, int sharedBytes) {
            requireCurrent();
            current = null;
            if (x == 0 || y == 0) {
                return;
            }
            addresses.set(ValueLayout.JAVA_LONG, count * 8L, 0);
            // Unasked a kernel gets 48 KiB, less what it has beside dynamic memory.
            if (sharedBytes > allowedSharedBytes.getOrDefault(function, 0)) {
                device.enter().allowSharedBytes(function, sharedBytes);
                allowedSharedBytes.put(function, sharedBytes);
            }
            device.enter().launch(function, Math.toIntExact(x), Math.toIntExact(y), threads, sharedBytes,
                    device.stream(), addresses.address());
        }
    }
}
