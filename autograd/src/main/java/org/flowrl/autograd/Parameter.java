package org.flowrl.autograd;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;

/// A named trainable tensor in a {@link ParameterStore}.
public final class Parameter {
    private final ParameterStore store;
    private final String name;
    private final Shape shape;
    private final Initializer initializer;
    private final Use use;
    private final long offset;
    private Tensor value;
    private PackedMatrix packed;

    /// How kernels read a parameter.
    enum Use {
        /// As its rows or numbers.
        ROWS,
        /// As a matrix, through its packed copy alone.
        MATRIX,
        /// Both ways, as an embedding that is the head too.
        ROWS_AND_MATRIX
    }

    /// Matrices whose packed copies lie one after the other, in order of declaration.
    static final class Pack {
        private final List<Parameter> members = new ArrayList<>();

        void add(Parameter parameter) {
            members.add(parameter);
        }

        List<Parameter> members() {
            return members;
        }
    }

    Parameter(ParameterStore store, String name, Shape shape, Initializer initializer, Use use, long offset) {
        this.store = store;
        this.name = name;
        this.shape = shape;
        this.initializer = initializer;
        this.use = use;
        this.offset = offset;
    }

    /// The full name: the path in the module tree, which is the checkpoint's name.
    public String name() {
        return name;
    }

    /// The dimensions.
    public Shape shape() {
        return shape;
    }

    /// The store that holds the value.
    public ParameterStore store() {
        return store;
    }

    /// The master value: a view of the store's arena.
    ///
    /// @throws IllegalStateException where there is none, see {@link ParameterStore#allocateFrozen}
    public Tensor value() {
        if (value == null) {
            throw new IllegalStateException("parameter " + name + (isPacked()
                    ? " is frozen, its packed copy is all that is kept"
                    : " has no memory yet: call ParameterStore.allocate"));
        }
        return value;
    }

    /// False where a frozen parameter is kept as its packed copy alone, and before it has memory.
    public boolean hasValue() {
        return value != null;
    }

    /// The layout that matmul kernels read, as of the last {@link ParameterStore#repack}.
    ///
    /// @throws IllegalStateException where the parameter was not declared as a matrix
    public PackedMatrix packed() {
        if (packed == null) {
            throw new IllegalStateException("parameter " + name + " " + shape
                    + (isMatrix() ? " has no values yet: initialize, load or repack its ParameterStore"
                    : " is not a matrix"));
        }
        return packed;
    }

    /// False where the store is frozen.
    public boolean isTrainable() {
        return !store.isFrozen();
    }

    Initializer initializer() {
        return initializer;
    }

    boolean isMatrix() {
        return use != Use.ROWS;
    }

    boolean isReadByRows() {
        return use != Use.MATRIX;
    }

    long offset() {
        return offset;
    }

    boolean isPacked() {
        return packed != null;
    }

    /// Gives the value its memory; null takes it away.
    void attach(Tensor memory) {
        value = memory;
    }

    void attach(PackedMatrix matrix) {
        packed = matrix;
    }

    @Override
    public String toString() {
        return name + " " + shape;
    }
}
