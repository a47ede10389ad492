package org.flowrl.tensor;

import java.util.Arrays;

/// The sizes of a tensor's dimensions, outermost first; `[]` is a scalar. Immutable.
public final class Shape {
    private final long[] dims;
    private final long elements;

    private Shape(long[] dims) {
        this.dims = dims;
        long product = 1;
        for (long dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException("shape: dimension " + dim + " of " + Arrays.toString(dims)
                        + " must not be negative");
            }
            product = Math.multiplyExact(product, dim);
        }
        this.elements = product;
    }

    /// The shape with these dimensions.
    ///
    /// @throws IllegalArgumentException where a dimension is negative
    /// @throws ArithmeticException where the number of elements exceeds a long
    public static Shape of(long... dims) {
        return new Shape(dims.clone());
    }

    /// This shape with `size` entries in the first dimension.
    Shape withFirst(long size) {
        long[] changed = dims.clone();
        changed[0] = size;
        return new Shape(changed);
    }

    /// Number of dimensions; 0 for a scalar.
    public int rank() {
        return dims.length;
    }

    /// Size of dimension `axis`; a negative axis counts from the end.
    public long dim(int axis) {
        int index = axis < 0 ? axis + dims.length : axis;
        if (index < 0 || index >= dims.length) {
            throw new IndexOutOfBoundsException("shape: axis " + axis + " of " + this);
        }
        return dims[index];
    }

    /// The product of all dimensions; 1 for a scalar.
    public long elements() {
        return elements;
    }

    /// The number of rows when the last dimension is a row: elements / dim(-1), and 0 where that is empty.
    public long rows() {
        long columns = dim(-1);
        return columns == 0 ? 0 : elements / columns;
    }

    /// A copy of the dimensions.
    public long[] toArray() {
        return dims.clone();
    }

    /// True where the dimensions are exactly `expected`.
    public boolean is(long... expected) {
        return Arrays.equals(dims, expected);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
