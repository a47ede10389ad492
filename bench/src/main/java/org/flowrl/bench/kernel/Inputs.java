package org.flowrl.bench.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;

/// The operands of a case in memory, filled from a fixed seed, and room for results: every engine reads the same bytes,
/// and no engine has memory of a better alignment, or larger pages, than another. It is the memory in which the trainer
/// holds tensors, large blocks in large pages.
///
/// Engines do not write into operands; what a kernel updates in place is given to each as a {@link #copy}.
public final class Inputs implements AutoCloseable {
    private static final long SEED = 2509;
    /// A page, so that no operand shares one with another.
    private static final long ALIGNMENT = 4096;

    private final Memory memory = Memory.ofHost();
    private final Scope scope = Scope.root("inputs", memory);
    private final Map<String, MemorySegment> operands = new HashMap<>();

    /// Allocates and fills the operands of `kernelCase`.
    public Inputs(KernelCase kernelCase) {
        long seed = SEED;
        for (Operand operand : kernelCase.operands()) {
            MemorySegment segment = allocate(operand.elements());
            fill(segment, operand, new SplittableRandom(seed++));
            operands.put(operand.name(), segment);
        }
    }

    /// The elements of one operand, F32 or I32, row-major.
    ///
    /// @throws IllegalArgumentException where the case has no such operand
    public MemorySegment get(String operand) {
        MemorySegment segment = operands.get(operand);
        if (segment == null) {
            throw new IllegalArgumentException("no operand '" + operand + "' among " + operands.keySet());
        }
        return segment;
    }

    /// The elements of an operand in memory of their own, for a kernel that updates them.
    public MemorySegment copy(String operand) {
        MemorySegment source = get(operand);
        return room(source.byteSize()).copyFrom(source);
    }

    /// Room for `elements` F32 values, all zero, that lives as long as the operands.
    public MemorySegment allocate(long elements) {
        return room(elements * Float.BYTES).fill((byte) 0);
    }

    private MemorySegment room(long bytes) {
        MemorySegment block = scope.allocate(DType.F32, Shape.of((bytes + ALIGNMENT) / Float.BYTES)).segment();
        return block.asSlice(-block.address() & ALIGNMENT - 1, bytes);
    }

    private static void fill(MemorySegment segment, Operand operand, SplittableRandom random) {
        long elements = operand.elements();
        for (long i = 0; i < elements; i++) {
            switch (operand.content()) {
                case SYMMETRIC -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i,
                        (float) ((random.nextFloat() * 2 - 1) * operand.bound()));
                case POSITIVE -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i,
                        (float) ((1 - random.nextFloat()) * operand.bound()));
                case INDICES -> segment.setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt((int) operand.bound()));
            }
        }
    }

    @Override
    public void close() {
        scope.close();
        memory.close();
    }
}
