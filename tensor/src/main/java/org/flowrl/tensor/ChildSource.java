package org.flowrl.tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The source of {@link Memory#child}: blocks of the parent, kept until the child is closed.
final class ChildSource implements Memory.Source {
    private final Memory parent;
    private final List<MemorySegment> blocks = new ArrayList<>();

    ChildSource(Memory parent) {
        this.parent = parent;
    }

    @Override
    public Device device() {
        return parent.device();
    }

    @Override
    public MemorySegment allocate(long bytes) {
        MemorySegment block = parent.take(bytes);
        blocks.add(block);
        return block;
    }

    @Override
    public void copyIn(MemorySegment host, MemorySegment block) {
        parent.copyIn(host, block);
    }

    @Override
    public void copyOut(MemorySegment block, MemorySegment host) {
        parent.copyOut(block, host);
    }

    @Override
    public void copy(MemorySegment from, MemorySegment to) {
        parent.copy(from, to);
    }

    @Override
    public void fill(MemorySegment block, byte value) {
        parent.fill(block, value);
    }

    @Override
    public void close() {
        blocks.forEach(parent::giveBack);
        blocks.clear();
    }
}
