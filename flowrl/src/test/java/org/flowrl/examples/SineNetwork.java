package org.flowrl.examples;

import java.util.List;
import org.flowrl.autograd.GradCheck;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Parameters;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// A network of one's own, one hidden layer wide, that learns the sine: gradients checked, then AdamW.
///
/// @param in, out weights [32, 1] and [1, 32]
/// @param inBias, outBias biases [32] and [1]
public record SineNetwork(Parameter in, Parameter inBias, Parameter out, Parameter outBias) {
    private static final int HIDDEN = 32;
    private static final int POINTS = 64;

    static SineNetwork declare(Parameters root) {
        return new SineNetwork(root.at("in").matrix("weight", Initializer.normal(1), HIDDEN, 1),
                root.at("in").declare("bias", Initializer.uniform(2), HIDDEN),
                root.at("out").matrix("weight", Initializer.normal(0.2), 1, HIDDEN),
                root.at("out").declare("bias", Initializer.zeros(), 1));
    }

    /// The mean squared error at x [N, 1] against y [N, 1].
    Var loss(Tape tape, Tensor x, Tensor y) {
        Var hidden = Activations.gelu(Products.linear(tape.constant(x), in, inBias));             // [N, 32]
        Var error = Pointwise.subtract(Products.linear(hidden, out, outBias), tape.constant(y));  // [N, 1]
        return Reductions.mean(Pointwise.square(error));
    }

    /// @param arguments number of steps
    public static void main(String... arguments) {
        try (GradCheck check = GradCheck.open()) {
            ParameterStore store = check.store();
            SineNetwork network = declare(store.root());
            store.initialize(RandomKey.of(1));
            Tensor x = check.scope().of(new double[] {0.5, -1, 2}, 3, 1);
            Tensor y = check.scope().of(new double[] {0.4, 0.1, -2}, 3, 1);
            check.check((tape, none) -> network.loss(tape, x, y), List.of(store)).requireBelow(1e-6);
        }
        try (Backend backend = Backends.open("cpu", 1).backend(); Scope scope = Scope.root("sine", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            SineNetwork network = declare(store.root());
            store.initialize(RandomKey.of(1));
            Gradients gradients = new Gradients(scope, List.of(store));
            AdamW adam = new AdamW(AdamW.Settings.defaults(), List.of(new AdamW.Group(store, 1)), scope);
            float[] x = new float[POINTS];
            float[] y = new float[POINTS];
            for (int i = 0; i < POINTS; i++) {
                x[i] = -3 + 6f * i / (POINTS - 1);
                y[i] = (float) Math.sin(x[i]);
            }
            Tensor at = scope.of(x, POINTS, 1);
            Tensor wanted = scope.of(y, POINTS, 1);
            for (int step = 0; step < Integer.parseInt(arguments[0]); step++) {
                try (Tape tape = Tape.recording(backend, scope)) {
                    Var loss = network.loss(tape, at, wanted);
                    tape.backward(loss, gradients);
                    adam.step(gradients, 1e-2);
                    System.out.println(loss.value().sum());
                }
            }
        }
    }
}
