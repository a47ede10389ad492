package org.flowrl.bench.peers;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;

/// Memory of Java as bytedeco's pointers, without a copy; the memory must outlive the pointer.
final class Pointers {
    private Pointers() {
    }

    static FloatPointer floats(MemorySegment segment) {
        return new FloatPointer(segment.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
    }

    static IntPointer ints(MemorySegment segment) {
        return new IntPointer(segment.asByteBuffer().order(ByteOrder.nativeOrder()).asIntBuffer());
    }
}
