package org.flowrl.bench.peers;

import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;
import org.bytedeco.pytorch.TensorVector;

/// An operator that bytedeco has no method for, called by name through libtorch's dispatcher with arguments that do
/// not change. Setting up its stack costs one copy of the arguments, well under a microsecond.
final class TorchOperator {
    private final OperatorHandle handle;
    private final IValueVector arguments;
    private final IValueVector stack = new IValueVector();

    /// @param name with namespace, `aten::_fused_adamw_`
    TorchOperator(String name, IValue... arguments) {
        handle = Dispatcher.singleton().findSchemaOrThrow(name, "");
        this.arguments = new IValueVector(arguments);
    }

    /// Runs the operator.
    void run() {
        stack.put(arguments);
        handle.callBoxed(stack);
    }

    /// A result of the last run.
    Tensor result(int index) {
        return stack.get(index).toTensor();
    }

    static IValue of(Tensor tensor) {
        return new IValue(tensor);
    }

    static IValue of(double number) {
        return new IValue(number);
    }

    static IValue of(boolean flag) {
        return new IValue(flag);
    }

    static IValue none() {
        return new IValue();
    }

    /// A list argument; both list classes are the same pointer to one list in C++.
    static IValue list(Tensor... tensors) {
        return new IValue(new GenericList(new TensorList(new TensorVector(tensors))));
    }
}
