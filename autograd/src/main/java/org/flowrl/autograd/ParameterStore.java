package org.flowrl.autograd;

import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;

/// Named parameters in one flat arena, so that optimizer, norms, checkpoints and collectives run over one tensor.
///
/// A store that is never trained needs no arena: {@link #allocateFrozen} keeps of each matrix its packed copy alone.
///
/// Life: modules {@link #root declare} their parameters; {@link #initialize} lays them out and draws their values, or
/// {@link #allocate} does the first and copies into {@link Parameter#value} fill them; {@link #repack} derives the
/// packed copies, again after each change.
public final class ParameterStore {
    /// Parameters start at multiples of this many elements, 64 bytes in F32. The gaps are zero and stay zero.
    private static final long ALIGNMENT = 16;

    private final Backend backend;
    private final Scope scope;
    private final DType dtype;
    private final DType packedStorage;
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Set<Parameter.Pack> packs = new LinkedHashSet<>();
    private long elements;
    private Tensor arena;
    private boolean allocated;
    private boolean frozen;

    /// @param scope holds the arena and the packed copies
    /// @param dtype of the master values: F32, or F64 on the reference backend
    /// @param packedStorage of the packed copies: `dtype` or BF16
    /// @throws IllegalArgumentException where a type is another
    public ParameterStore(Backend backend, Scope scope, DType dtype, DType packedStorage) {
        if (!dtype.isComputable() || packedStorage != dtype && packedStorage != DType.BF16) {
            throw new IllegalArgumentException("parameter store: masters " + dtype + " must be F32 or F64, and packed "
                    + "copies " + packedStorage + " of their type or BF16");
        }
        this.backend = backend;
        this.scope = scope;
        this.dtype = dtype;
        this.packedStorage = packedStorage;
    }

    /// A store whose packed copies have the masters' type.
    public ParameterStore(Backend backend, Scope scope, DType dtype) {
        this(backend, scope, dtype, dtype);
    }

    /// The root of the module tree.
    public Parameters root() {
        return new Parameters(this, "", null);
    }

    /// All parameters, in the order of declaration.
    public Collection<Parameter> parameters() {
        return parameters.values();
    }

    /// The parameter of this full name.
    ///
    /// @throws IllegalArgumentException where there is none
    public Parameter named(String name) {
        Parameter parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("parameter '" + name + "' is not in this store");
        }
        return parameter;
    }

    /// The backend that packs the weights.
    public Backend backend() {
        return backend;
    }

    /// The type of the master values.
    public DType dtype() {
        return dtype;
    }

    /// The type of the packed copies.
    public DType packedStorage() {
        return packedStorage;
    }

    /// Holds the parameters' memory.
    public Scope scope() {
        return scope;
    }

    /// An empty store of this one's backend, scope and type of masters, whose packed copies have the masters' type.
    public ParameterStore beside() {
        return new ParameterStore(backend, scope, dtype);
    }

    /// All master values [elements], gaps included.
    ///
    /// @throws IllegalStateException before {@link #allocate} and after {@link #allocateFrozen}
    public Tensor arena() {
        if (arena == null) {
            throw new IllegalStateException(allocated ? "arena: this store is frozen and keeps packed copies alone"
                    : "arena: call allocate first");
        }
        return arena;
    }

    /// Elements of the arena, gaps included.
    public long elements() {
        return elements;
    }

    /// Elements of the parameters, without gaps.
    public long parameterCount() {
        return parameters.values().stream().mapToLong(parameter -> parameter.shape().elements()).sum();
    }

    /// Bytes of all packed copies.
    public long packedBytes() {
        return parameters.values().stream().filter(Parameter::isPacked)
                .mapToLong(parameter -> parameter.packed().bytes()).sum();
    }

    /// True where no gradients are wanted, as for a reference policy.
    public boolean isFrozen() {
        return frozen;
    }

    /// From now on no gradients are wanted.
    public void freeze() {
        frozen = true;
    }

    /// Lays the declared parameters out in an arena of zeros.
    public void allocate() {
        beginAllocation();
        arena = scope.zeros(dtype, elements);
        for (Parameter parameter : parameters.values()) {
            Tensor view = arena.slice(parameter.offset(), parameter.shape().elements());
            parameter.attach(view.reshape(parameter.shape().toArray()));
        }
    }

    /// Fills and packs parameters that are never trained, one at a time, and freezes the store: a matrix that
    /// matmul kernels alone read has a master only while `fill` writes it, unless its packed copy reads it later on.
    /// There is no arena; {@link Parameter#value} of such a matrix, {@link #copyFrom} and {@link #repack} are errors
    /// from then on.
    ///
    /// @param passesGradients true where gradients flow through the matrices, as to the adapters of frozen weights;
    ///     false for a model that only scores or samples
    /// @param fill overwrites the value of the parameter that it is given, which is undefined before
    public void allocateFrozen(boolean passesGradients, Consumer<Parameter> fill) {
        beginAllocation();
        freeze();
        makeRoomForPacks();
        // An embedding then takes the memory that the head's master was in.
        parameters.values().stream().filter(parameter -> !parameter.isReadByRows())
                .forEach(parameter -> fillFrozen(parameter, passesGradients, fill));
        parameters.values().stream().filter(Parameter::isReadByRows)
                .forEach(parameter -> fillFrozen(parameter, passesGradients, fill));
    }

    private void fillFrozen(Parameter parameter, boolean passesGradients, Consumer<Parameter> fill) {
        Tensor master = scope.allocateExactly(dtype, parameter.shape());
        parameter.attach(master);
        fill.accept(parameter);
        if (parameter.isMatrix()) {
            pack(parameter);
            PackedMatrix packed = parameter.packed();
            boolean readsMaster = packed.bytes() == 0 || passesGradients && packed.readsWeightBackward();
            if (!parameter.isReadByRows() && !readsMaster) {
                parameter.attach((Tensor) null);
                scope.release(master);
            }
        }
    }

    private void beginAllocation() {
        if (allocated) {
            throw new IllegalStateException("allocate: the parameters have their memory");
        }
        allocated = true;
    }

    /// Draws every parameter's first value; each depends on `key`, its name and its initializer alone. Lays the
    /// parameters out first, where {@link #allocate} has not. Where the device holds no values, none are drawn.
    public void initialize(RandomKey key) {
        if (!allocated) {
            allocate();
        }
        for (Parameter parameter : backend.device().holdsValues() ? parameters.values() : List.<Parameter>of()) {
            RandomKey own = key.fold(parameter.name());
            int count = Math.toIntExact(parameter.shape().elements());
            double[] values = new double[count];
            for (int i = 0; i < count; i++) {
                values[i] = parameter.initializer().value(own, i);
            }
            set(parameter, values);
        }
        repack();
    }

    /// Overwrites one parameter's master value, rounding to its type; {@link #repack} is the caller's next step.
    public void set(Parameter parameter, double[] values) {
        if (dtype == DType.F64) {
            parameter.value().copyFrom(values);
            return;
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        parameter.value().copyFrom(floats);
    }

    /// Overwrites all master values with those of a store with the same layout, and repacks.
    public void copyFrom(ParameterStore other) {
        if (!parameters.keySet().equals(other.parameters.keySet()) || elements != other.elements) {
            throw new IllegalArgumentException("copyFrom: the stores hold different parameters");
        }
        arena().copyFrom(other.arena());
        repack();
    }

    /// Rebuilds the packed copies from the masters.
    public void repack() {
        makeRoomForPacks();
        parameters.values().stream().filter(Parameter::isMatrix).forEach(this::pack);
    }

    private void pack(Parameter parameter) {
        if (parameter.isPacked()) {
            backend.matmul().repack(parameter.value(), parameter.packed());
        } else {
            parameter.attach(backend.matmul().pack(parameter.value(), packedStorage, scope));
        }
    }

    /// Gives matrices that belong together their packed copies, where the backend has them lie one after the other.
    private void makeRoomForPacks() {
        for (Parameter.Pack pack : packs) {
            List<Parameter> members = pack.members();
            if (!members.getFirst().isPacked()) {
                List<Shape> shapes = members.stream().map(Parameter::shape).toList();
                backend.matmul().packedTogether(shapes, packedStorage, scope).ifPresent(matrices -> {
                    Iterator<PackedMatrix> each = matrices.iterator();
                    members.forEach(member -> member.attach(each.next()));
                });
            }
        }
    }

    /// @param pack that a matrix belongs to, or null
    Parameter declare(String name, Initializer initializer, Parameter.Use use, Parameter.Pack pack, long... dims) {
        if (allocated) {
            throw new IllegalStateException("declare: " + name + " after allocate");
        }
        Parameter parameter = new Parameter(this, name, Shape.of(dims), initializer, use, elements);
        if (parameters.putIfAbsent(name, parameter) != null) {
            throw new IllegalArgumentException("declare: parameter '" + name + "' is declared twice");
        }
        if (pack != null) {
            pack.add(parameter);
            packs.add(pack);
        }
        elements += (parameter.shape().elements() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return parameter;
    }
}
