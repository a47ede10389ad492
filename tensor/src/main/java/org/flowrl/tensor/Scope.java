package org.flowrl.tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Owns the memory of tensors: closing a scope ends every tensor allocated in it and returns the blocks for reuse.
///
/// Scopes nest (run, rollout, step, kernel) and are closed innermost first. A tensor used after its end is an error
/// that names the scope. While assertions are on, fresh memory is filled with bytes that read as NaN, so a kernel that
/// reads what nobody wrote shows itself. One thread at a time.
///
/// ```java
/// try (Scope step = run.child("step")) {
///     Tensor x = step.allocate(DType.F32, 8, 64);
/// }
/// ```
public final class Scope implements AutoCloseable {
    /// One live piece of memory; every view of a tensor shares its block.
    static final class Block {
        private Scope owner;
        final MemorySegment segment;
        final boolean pooled;
        boolean live = true;
        private int index;

        Block(Scope owner, MemorySegment segment, boolean pooled) {
            this.owner = owner;
            this.segment = segment;
            this.pooled = pooled;
        }

        Scope owner() {
            return owner;
        }
    }

    private final String name;
    private final Scope parent;
    private final Memory memory;
    private final List<Block> blocks = new ArrayList<>();
    private final List<Runnable> closers = new ArrayList<>();
    private int openChildren;
    private boolean open = true;

    private Scope(String name, Scope parent, Memory memory) {
        this.name = name;
        this.parent = parent;
        this.memory = memory;
    }

    /// An outermost scope over a device's memory.
    public static Scope root(String name, Memory memory) {
        return new Scope(name, null, memory);
    }

    /// A scope inside this one, to be closed before it.
    public Scope child(String childName) {
        requireOpen();
        openChildren++;
        return new Scope(name + "/" + childName, this, memory);
    }

    /// The path of names from the outermost scope, such as `run/step`.
    public String name() {
        return name;
    }

    /// The device memory behind this scope.
    public Memory memory() {
        return memory;
    }

    /// A tensor of undefined content.
    public Tensor allocate(DType dtype, long... dims) {
        return allocate(dtype, Shape.of(dims));
    }

    /// A tensor of undefined content.
    public Tensor allocate(DType dtype, Shape shape) {
        return tensor(memory.take(bytes(dtype, shape)), dtype, shape);
    }

    /// A tensor of undefined content that is to stay: its block is not rounded up to a class of sizes, and serves no
    /// other size afterwards.
    public Tensor allocateExactly(DType dtype, Shape shape) {
        return tensor(memory.takeExactly(bytes(dtype, shape)), dtype, shape);
    }

    private long bytes(DType dtype, Shape shape) {
        requireOpen();
        return Math.multiplyExact(shape.elements(), (long) dtype.bytes());
    }

    private Tensor tensor(MemorySegment memoryBlock, DType dtype, Shape shape) {
        Block block = add(new Block(this, memoryBlock, true));
        assert poison(block);
        return new Tensor(block, 0, shape, dtype, memory.device());
    }

    /// A tensor of zeros.
    public Tensor zeros(DType dtype, long... dims) {
        return zeros(dtype, Shape.of(dims));
    }

    /// A tensor of zeros.
    public Tensor zeros(DType dtype, Shape shape) {
        Tensor tensor = allocate(dtype, shape);
        tensor.fillBytes((byte) 0);
        return tensor;
    }

    /// An F32 tensor with these values, as many as `dims` hold.
    public Tensor of(float[] values, long... dims) {
        Tensor tensor = allocate(DType.F32, dims);
        tensor.copyFrom(values);
        return tensor;
    }

    /// An F64 tensor with these values, as many as `dims` hold.
    public Tensor of(double[] values, long... dims) {
        Tensor tensor = allocate(DType.F64, dims);
        tensor.copyFrom(values);
        return tensor;
    }

    /// An I32 tensor with these values, as many as `dims` hold.
    public Tensor of(int[] values, long... dims) {
        Tensor tensor = allocate(DType.I32, dims);
        tensor.copyFrom(values);
        return tensor;
    }

    /// A tensor over host memory that somebody else owns (a mapped file); it ends with this scope.
    ///
    /// @param segment at least `shape.elements() * dtype.bytes()` bytes, of any alignment
    public Tensor wrap(MemorySegment segment, DType dtype, Shape shape) {
        requireOpen();
        if (segment.byteSize() < shape.elements() * dtype.bytes()) {
            throw new IllegalArgumentException("wrap: " + segment.byteSize() + " bytes cannot hold " + dtype + shape);
        }
        Block block = add(new Block(this, segment, false));
        return new Tensor(block, 0, shape, dtype, Device.CPU);
    }

    /// Runs `action` when this scope closes, the latest first.
    public void onClose(Runnable action) {
        requireOpen();
        closers.add(action);
    }

    /// Ends one tensor of this scope before the scope's end; its block can be reused at once.
    /// All views of the same memory end with it.
    public void release(Tensor tensor) {
        Block block = tensor.block();
        if (block.owner != this) {
            throw new IllegalArgumentException("release: tensor of scope '" + block.owner.name
                    + "' cannot be released by scope '" + name + "'");
        }
        if (block.live) {
            remove(block);
            end(block);
        }
    }

    /// Takes a tensor over from a scope inside this one, whose end it outlives without a copy; all views of the same
    /// memory go with it. One of this scope or of a scope around it lives long enough and stays where it is.
    ///
    /// @return the tensor
    /// @throws IllegalArgumentException where the tensor's scope is neither inside this one nor around it
    /// @throws IllegalStateException where the tensor has ended
    public Tensor adopt(Tensor tensor) {
        requireOpen();
        Block block = tensor.block();
        if (!block.live) {
            throw new IllegalStateException("adopt: tensor of scope '" + block.owner.name + "' has ended");
        }
        if (block.owner.isInside(this)) {
            block.owner.remove(block);
            block.owner = this;
            add(block);
        } else if (block.owner != this && !isInside(block.owner)) {
            throw new IllegalArgumentException("adopt: tensor of scope '" + block.owner.name
                    + "' cannot be taken over by scope '" + name + "': neither is inside the other");
        }
        return tensor;
    }

    private boolean isInside(Scope other) {
        return parent != null && (parent == other || parent.isInside(other));
    }

    /// True until {@link #close}.
    public boolean isOpen() {
        return open;
    }

    /// Ends all tensors of this scope.
    ///
    /// @throws IllegalStateException where a scope inside this one is still open
    /// @throws RuntimeException what an action of {@link #onClose} threw, once all have run: the first, the others
    ///     suppressed in it
    @Override
    public void close() {
        if (!open) {
            return;
        }
        if (openChildren > 0) {
            throw new IllegalStateException("scope '" + name + "' has " + openChildren + " open scopes inside it");
        }
        open = false;
        for (int i = blocks.size() - 1; i >= 0; i--) {
            end(blocks.get(i));
        }
        blocks.clear();
        if (parent != null) {
            parent.openChildren--;
        }
        Closing.all(closers.reversed());
    }

    private Block add(Block block) {
        block.index = blocks.size();
        blocks.add(block);
        return block;
    }

    private void remove(Block block) {
        Block last = blocks.removeLast();
        if (last != block) {
            blocks.set(block.index, last);
            last.index = block.index;
        }
    }

    private void end(Block block) {
        block.live = false;
        if (block.pooled) {
            memory.giveBack(block.segment);
        }
    }

    private boolean poison(Block block) {
        if (memory.device().isHost()) {
            block.segment.fill((byte) 0xff);
        }
        return true;
    }

    private void requireOpen() {
        if (!open) {
            throw new IllegalStateException("scope '" + name + "' is closed");
        }
    }

    @Override
    public String toString() {
        return "Scope " + name + (open ? "" : " (closed)");
    }
}
