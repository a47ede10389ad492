package org.flowrl.autograd;

/// A place in the module tree of a {@link ParameterStore}: names below it are prefixed by its path, so the checkpoint's
/// names are the module tree.
///
/// ```
/// Parameter w = store.root().at("self_attn").at("q_proj").matrix("weight", init, 64, 64);   // self_attn.q_proj.weight
/// ```
public final class Parameters {
    private final ParameterStore store;
    private final String prefix;
    private final Parameter.Pack pack;

    Parameters(ParameterStore store, String prefix, Parameter.Pack pack) {
        this.store = store;
        this.prefix = prefix;
        this.pack = pack;
    }

    /// The place `child` below this one.
    public Parameters at(String child) {
        return new Parameters(store, prefix + child + ".", pack);
    }

    /// This place, whose matrices, and those below it, are read by the same rows: their packed copies lie one after the
    /// other where the backend gains by it, see {@link org.flowrl.tensor.MatmulKernels#packedTogether}.
    public Parameters packedTogether() {
        return new Parameters(store, prefix, new Parameter.Pack());
    }

    /// The place of a list's entry, such as `layers.3`.
    public Parameters at(int index) {
        return at(Integer.toString(index));
    }

    /// Declares a parameter here.
    public Parameter declare(String name, Initializer initializer, long... dims) {
        return store.declare(prefix + name, initializer, Parameter.Use.ROWS, null, dims);
    }

    /// Declares a weight matrix [outputs, inputs] here, of which a packed copy is kept for matmul kernels.
    public Parameter matrix(String name, Initializer initializer, long outputs, long inputs) {
        return store.declare(prefix + name, initializer, Parameter.Use.MATRIX, pack, outputs, inputs);
    }

    /// As {@link #matrix}, for a matrix whose rows are read one by one, too: an embedding that is the head as well.
    public Parameter tiedMatrix(String name, Initializer initializer, long rows, long columns) {
        return store.declare(prefix + name, initializer, Parameter.Use.ROWS_AND_MATRIX, pack, rows, columns);
    }

    /// The store below.
    public ParameterStore store() {
        return store;
    }
}
