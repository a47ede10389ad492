package org.flowrl.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A value: contiguous row-major elements of one {@link DType} with a {@link Shape} on a {@link Device}.
///
/// There are no strides: {@link #reshape} and {@link #slice} of leading dimensions share memory, everything else is
/// a kernel's work. Gradients are the autograd module's business. The memory belongs to a {@link Scope}; use after its
/// end throws {@link IllegalStateException} with the scope's name.
public final class Tensor {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final Scope.Block block;
    private final long offset;
    private final Shape shape;
    private final DType dtype;
    private final Device device;

    Tensor(Scope.Block block, long offset, Shape shape, DType dtype, Device device) {
        this.block = block;
        this.offset = offset;
        this.shape = shape;
        this.dtype = dtype;
        this.device = device;
    }

    /// The dimensions.
    public Shape shape() {
        return shape;
    }

    /// The element type.
    public DType dtype() {
        return dtype;
    }

    /// Where the memory lies.
    public Device device() {
        return device;
    }

    /// Size of dimension `axis`; negative counts from the end.
    public long dim(int axis) {
        return shape.dim(axis);
    }

    /// Number of elements.
    public long elements() {
        return shape.elements();
    }

    /// Bytes of the elements.
    public long bytes() {
        return shape.elements() * dtype.bytes();
    }

    /// The scope whose end ends this tensor.
    public Scope scope() {
        return block.owner();
    }

    /// The elements in host memory.
    ///
    /// @throws IllegalStateException where the scope is closed or the memory is on a card
    public MemorySegment segment() {
        if (!device.isHost()) {
            throw new IllegalStateException("tensor " + this + " lies on " + device + ", not in host memory");
        }
        return memory();
    }

    /// The address of the first element, on this tensor's device. For kernels: valid until the scope ends.
    public long address() {
        requireLive();
        return block.segment.address() + offset;
    }

    /// The same elements with other dimensions.
    public Tensor reshape(long... dims) {
        Shape target = Shape.of(dims);
        if (target.elements() != shape.elements()) {
            throw new IllegalArgumentException("reshape: " + shape + " has " + shape.elements() + " elements, "
                    + target + " has " + target.elements());
        }
        return new Tensor(block, offset, target, dtype, device);
    }

    /// The `count` entries of the first dimension from `start` on.
    public Tensor slice(long start, long count) {
        long size = shape.dim(0);
        if (start < 0 || count < 0 || start + count > size) {
            throw new IndexOutOfBoundsException("slice: [" + start + ", " + (start + count) + ") of " + shape);
        }
        return new Tensor(block, offset + start * rowBytes(), shape.withFirst(count), dtype, device);
    }

    /// The same bytes as elements of another type, in one dimension.
    ///
    /// @throws IllegalArgumentException where they are no whole number of elements
    public Tensor reinterpretedAs(DType type) {
        if (bytes() % type.bytes() != 0) {
            throw new IllegalArgumentException("reinterpretedAs: " + bytes() + " bytes of " + this
                    + " must be a whole number of " + type);
        }
        return new Tensor(block, offset, Shape.of(bytes() / type.bytes()), type, device);
    }

    /// True where the two are views of the same memory, whether or not they share an element.
    public boolean isViewOf(Tensor other) {
        return block == other.block;
    }

    /// A new tensor of the same content in `scope`.
    public Tensor copy(Scope scope) {
        Tensor copy = scope.allocate(dtype, shape);
        copy.copyFrom(this);
        return copy;
    }

    /// Overwrites the elements with those of a tensor of the same type and number of elements, which lies on the same
    /// device, or one of the two on the host. They do not overlap.
    public void copyFrom(Tensor source) {
        requireElements("copyFrom", source.dtype, source.elements());
        copy(source, source.memory(), memory());
    }

    /// Overwrites the `count` entries of the first dimension from `start` on with those of `source` from `sourceStart`
    /// on; otherwise as {@link #copyFrom(Tensor)}.
    public void copyRows(long start, Tensor source, long sourceStart, long count) {
        if (source.dtype != dtype || source.rowBytes() != rowBytes()) {
            throw new IllegalArgumentException("copyRows: from " + source + " to " + this
                    + ", entries must have the same type and size");
        }
        copy(source, source.rows(sourceStart, count), rows(start, count));
    }

    /// Takes some of a tensor's bytes.
    ///
    /// @param <E> what reading may throw
    @FunctionalInterface
    public interface PieceReader<E extends Exception> {
        /// @param piece host memory, valid for the call
        void read(MemorySegment piece) throws E;
    }

    /// Hands the elements' bytes to `reader` in order, at most `pieceBytes` at a time; those on a card come to the host
    /// piece by piece.
    ///
    /// @throws IllegalStateException where the scope is closed or the device holds no values
    public <E extends Exception> void readPieces(int pieceBytes, PieceReader<E> reader) throws E {
        if (!device.holdsValues()) {
            throw new IllegalStateException("tensor " + this + " lies on " + device + ", which holds no values");
        }
        MemorySegment data = memory();
        MemorySegment buffer = device.isHost() ? null
                : MemorySegment.ofArray(new byte[(int) Math.min(pieceBytes, data.byteSize())]);
        for (long at = 0; at < data.byteSize(); at += pieceBytes) {
            MemorySegment piece = data.asSlice(at, Math.min(pieceBytes, data.byteSize() - at));
            if (buffer == null) {
                reader.read(piece);
            } else {
                MemorySegment copy = buffer.asSlice(0, piece.byteSize());
                scope().memory().copyOut(piece, copy);
                reader.read(copy);
            }
        }
    }

    /// Overwrites an F32 tensor.
    public void copyFrom(float[] values) {
        requireElements("copyFrom", DType.F32, values.length);
        scope().memory().copyIn(MemorySegment.ofArray(values), memory());
    }

    /// Overwrites an F64 tensor.
    public void copyFrom(double[] values) {
        requireElements("copyFrom", DType.F64, values.length);
        scope().memory().copyIn(MemorySegment.ofArray(values), memory());
    }

    /// Overwrites an I32 tensor.
    public void copyFrom(int[] values) {
        requireElements("copyFrom", DType.I32, values.length);
        scope().memory().copyIn(MemorySegment.ofArray(values), memory());
    }

    /// Sets every byte.
    public void fillBytes(byte value) {
        fill(memory(), value);
    }

    /// The elements of an F32 tensor, in row-major order.
    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(elements())];
        requireElements("toFloats", DType.F32, values.length);
        scope().memory().copyOut(memory(), MemorySegment.ofArray(values));
        return values;
    }

    /// The elements of an F64 or F32 tensor (widened, exact), in row-major order.
    public double[] toDoubles() {
        double[] values = new double[Math.toIntExact(elements())];
        if (dtype == DType.F32 && device.isHost()) {
            MemorySegment data = memory();
            for (int i = 0; i < values.length; i++) {
                values[i] = data.get(FLOAT, i * 4L);
            }
            return values;
        }
        if (dtype == DType.F32) {
            float[] floats = toFloats();
            for (int i = 0; i < values.length; i++) {
                values[i] = floats[i];
            }
            return values;
        }
        requireElements("toDoubles", DType.F64, values.length);
        scope().memory().copyOut(memory(), MemorySegment.ofArray(values));
        return values;
    }

    /// The elements of an I32 tensor, in row-major order.
    public int[] toInts() {
        int[] values = new int[Math.toIntExact(elements())];
        requireElements("toInts", DType.I32, values.length);
        scope().memory().copyOut(memory(), MemorySegment.ofArray(values));
        return values;
    }

    /// Element `index` in row-major order of a host tensor as a double; exact but for I64 and U64 beyond 2^53.
    public double get(long index) {
        java.util.Objects.checkIndex(index, elements());
        MemorySegment data = segment();
        long at = index * dtype.bytes();
        return switch (dtype) {
            case F64 -> data.get(DOUBLE, at);
            case F32 -> data.get(FLOAT, at);
            case BF16 -> DType.fromBfloat16(data.get(SHORT, at));
            case F16 -> Float.float16ToFloat(data.get(SHORT, at));
            case I64 -> data.get(LONG, at);
            // Halved with the lowest bit kept, so that the conversion rounds as that of the whole number would.
            case U64 -> {
                long bits = data.get(LONG, at);
                yield bits >= 0 ? bits : 2.0 * (bits >>> 1 | bits & 1);
            }
            case I32 -> data.get(INT, at);
            case U32 -> Integer.toUnsignedLong(data.get(INT, at));
            case I16 -> data.get(SHORT, at);
            case U16 -> Short.toUnsignedInt(data.get(SHORT, at));
            case I8 -> data.get(ValueLayout.JAVA_BYTE, at);
            case U8, BOOL -> Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, at));
            case F8_E4M3, F8_E5M2 -> throw new IllegalStateException("get: " + dtype + " is stored, not computed with");
        };
    }

    /// Sets element `index` in row-major order of a host tensor of type F64, F32 or I32, rounding to it.
    public void set(long index, double value) {
        java.util.Objects.checkIndex(index, elements());
        MemorySegment data = segment();
        switch (dtype) {
            case F64 -> data.set(DOUBLE, index * 8, value);
            case F32 -> data.set(FLOAT, index * 4, (float) value);
            case I32 -> data.set(INT, index * 4, Math.toIntExact((long) value));
            case BF16, F16, I64, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 ->
                    throw new IllegalStateException("set: " + dtype + " tensors are written by copies");
        }
    }

    /// The sum of the elements of an F64 or F32 tensor, added in order in F64. For metrics: kernels add faster.
    public double sum() {
        double sum = 0;
        if (dtype == DType.F32 && device.isHost()) {
            MemorySegment data = memory();
            for (long i = 0; i < elements(); i++) {
                sum += data.get(FLOAT, i * 4);
            }
            return sum;
        }
        for (double value : toDoubles()) {
            sum += value;
        }
        return sum;
    }

    /// The only element of a tensor with one element, as a double.
    public double item() {
        if (elements() != 1) {
            throw new IllegalStateException("item: " + this + " has " + elements() + " elements, not one");
        }
        return dtype == DType.I32 ? toInts()[0] : toDoubles()[0];
    }

    Scope.Block block() {
        return block;
    }

    private MemorySegment memory() {
        requireLive();
        return block.segment.asSlice(offset, bytes());
    }

    /// The memory of some entries of the first dimension.
    private MemorySegment rows(long start, long count) {
        if (start < 0 || count < 0 || start + count > shape.dim(0)) {
            throw new IndexOutOfBoundsException("copyRows: [" + start + ", " + (start + count) + ") of " + shape);
        }
        requireLive();
        return block.segment.asSlice(offset + start * rowBytes(), count * rowBytes());
    }

    /// Bytes of one entry of the first dimension.
    private long rowBytes() {
        long bytes = dtype.bytes();
        for (int axis = 1; axis < shape.rank(); axis++) {
            bytes *= shape.dim(axis);
        }
        return bytes;
    }

    private void copy(Tensor source, MemorySegment from, MemorySegment to) {
        if (source.device.isHost()) {
            scope().memory().copyIn(from, to);
        } else if (device.isHost()) {
            source.scope().memory().copyOut(from, to);
        } else if (device.equals(source.device)) {
            scope().memory().copy(from, to);
        } else {
            throw new IllegalArgumentException("copyFrom: from " + source.device + " to " + device
                    + " must go through the host");
        }
    }

    private void fill(MemorySegment memory, byte value) {
        if (device.isHost()) {
            memory.fill(value);
        } else {
            scope().memory().fill(memory, value);
        }
    }

    private void requireLive() {
        if (!block.live) {
            throw new IllegalStateException("tensor " + this + " was used after the end of its scope '"
                    + block.owner().name() + "'");
        }
    }

    private void requireElements(String operation, DType type, long count) {
        if (dtype != type || elements() != count) {
            throw new IllegalArgumentException(operation + ": " + this + " and " + count + " values of " + type
                    + " must agree in type and number");
        }
    }

    /// Type and shape, such as `F32[8, 64]`.
    @Override
    public String toString() {
        return dtype.toString() + shape;
    }
}
