package org.flowrl.autograd;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;

/// One row of the op suite: an op with the shapes and values that it is checked at. Built up from {@link #of}:
///
/// ```
/// OpCase.of("Products.linear, odd sizes", (tape, x, p) -> Products.linear(x.get(0), p.named("w"), p.named("b")))
///         .input(Initializer.normal(1), 7, 13).matrix("w", 5, 13).parameter("b", Initializer.normal(1), 5)
/// ```
///
/// @param name starts with the op's class and method, then says what is special
/// @param expression the op at work
/// @param inputs values of the variables, in order
/// @param parameters of the store
record OpCase(String name, Expression expression, List<Operand> inputs, List<Operand> parameters) {
    /// Computes with the op from variables and parameters.
    @FunctionalInterface
    interface Expression {
        Var apply(Tape tape, List<Var> x, ParameterStore p);
    }

    /// A tensor of given shape and values; a matrix is one that matmul kernels read.
    record Operand(String name, Initializer values, boolean isMatrix, Shape shape) {
    }

    /// The operands' tensors on one backend in one type; the same values on each, rounded to the type.
    record Instance(List<Tensor> inputs, ParameterStore store) {
    }

    static OpCase of(String name, Expression expression) {
        return new OpCase(name, expression, List.of(), List.of());
    }

    OpCase input(Initializer values, long... dims) {
        Operand operand = new Operand("input " + inputs.size(), values, false, Shape.of(dims));
        return new OpCase(name, expression, append(inputs, operand), parameters);
    }

    OpCase parameter(String parameterName, Initializer values, long... dims) {
        Operand operand = new Operand(parameterName, values, false, Shape.of(dims));
        return new OpCase(name, expression, inputs, append(parameters, operand));
    }

    /// A normal matrix scaled by 1/√columns, so that products are of order 1.
    OpCase matrix(String parameterName, long rows, long columns) {
        Operand operand = new Operand(parameterName, Initializer.normal(1 / Math.sqrt(columns)), true,
                Shape.of(rows, columns));
        return new OpCase(name, expression, inputs, append(parameters, operand));
    }

    Instance on(Backend backend, Scope scope, DType dtype) {
        List<Tensor> tensors = new ArrayList<>();
        for (Operand input : inputs) {
            RandomKey key = RandomKey.of(1).fold(input.name());
            double[] values = new double[Math.toIntExact(input.shape().elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = input.values().value(key, i);
            }
            tensors.add(tensor(scope, dtype, values, input.shape().toArray()));
        }
        ParameterStore store = new ParameterStore(backend, scope, dtype);
        for (Operand parameter : parameters) {
            long[] dims = parameter.shape().toArray();
            if (parameter.isMatrix()) {
                store.root().matrix(parameter.name(), parameter.values(), dims[0], dims[1]);
            } else {
                store.root().declare(parameter.name(), parameter.values(), dims);
            }
        }
        store.allocate();
        store.initialize(RandomKey.of(2));
        return new Instance(tensors, store);
    }

    /// A tensor of a computable type, rounded to it.
    static Tensor tensor(Scope scope, DType dtype, double[] values, long... dims) {
        Tensor tensor = scope.allocate(dtype, dims);
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
        return tensor;
    }

    private static List<Operand> append(List<Operand> operands, Operand last) {
        return Stream.concat(operands.stream(), Stream.of(last)).toList();
    }

    @Override
    public String toString() {
        return name;
    }
}
