package org.flowrl.autograd;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Gradients of the parameters of some stores, one arena per store laid out as the store's own. Backward passes add to
/// them, the optimizer consumes and zeroes them.
public final class Gradients {
    private final Map<ParameterStore, Tensor> arenas = new LinkedHashMap<>();

    /// Zero gradients for all parameters of `stores`, in `scope`.
    public Gradients(Scope scope, List<ParameterStore> stores) {
        for (ParameterStore store : stores) {
            arenas.put(store, scope.zeros(store.dtype(), store.elements()));
        }
    }

    /// The gradients of a store `[elements]`, gaps included (zero).
    public Tensor arena(ParameterStore store) {
        Tensor arena = arenas.get(store);
        if (arena == null) {
            throw new IllegalArgumentException("gradients: this store's parameters have no gradients here");
        }
        return arena;
    }

    /// The gradient of one parameter: a view of its store's arena.
    public Tensor of(Parameter parameter) {
        Tensor arena = arenas.get(parameter.store());
        if (arena == null) {
            throw new IllegalArgumentException("gradients: parameter " + parameter.name() + " has no gradient here");
        }
        return arena.slice(parameter.offset(), parameter.shape().elements()).reshape(parameter.shape().toArray());
    }

    /// The stores, in the order given.
    public List<ParameterStore> stores() {
        return List.copyOf(arenas.keySet());
    }

    /// Sets all gradients to zero.
    public void zero() {
        arenas.forEach((store, arena) -> store.backend().elementwise().fill(arena, 0));
    }
}
