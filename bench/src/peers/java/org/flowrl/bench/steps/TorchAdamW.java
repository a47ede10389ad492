package org.flowrl.bench.steps;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorType;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;
import org.flowrl.autograd.optim.AdamW;

/// Clip and AdamW as `clip_grad_norm_` and `torch.optim.AdamW(fused=True)` do them. The fused kernel has no C++
/// function, so it is called through the dispatcher, as Python's binding is:
/// ```
/// _fused_adamw_(Tensor[] self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, *, float lr, beta1, beta2,
///         weight_decay, eps, bool amsgrad, maximize, Tensor? grad_scale, found_inf)
/// ```
/// Gradients are then dropped, as `zero_grad` does by default.
final class TorchAdamW {
    private final List<Tensor> parameters;
    private final List<Tensor> first = new ArrayList<>();
    private final List<Tensor> second = new ArrayList<>();
    private final List<Tensor> steps = new ArrayList<>();
    private final double learningRate;
    private final AdamW.Settings settings = AdamW.Settings.defaults();
    private final OperatorHandle fused = Dispatcher.singleton().findSchemaOrThrow("aten::_fused_adamw_", "");

    TorchAdamW(List<Tensor> parameters, double learningRate) {
        this.parameters = parameters;
        this.learningRate = learningRate;
        for (Tensor parameter : parameters) {
            first.add(torch.zeros_like(parameter));
            second.add(torch.zeros_like(parameter));
            steps.add(Tensor.create(new float[] {0}, new long[0]));
        }
    }

    void step() {
        try (PointerScope _ = new PointerScope(); NoGradGuard _ = new NoGradGuard()) {
            torch.clip_grad_norm_(new TensorVector(parameters.toArray(Tensor[]::new)), settings.maxGradientNorm());
            steps.forEach(step -> step.add_(new Scalar(1.0f)));
            List<Tensor> gradients = parameters.stream().map(Tensor::grad).toList();
            fused.callBoxed(new IValueVector(list(parameters), list(gradients), list(first), list(second),
                    list(List.of()), list(steps), new IValue(learningRate), new IValue(settings.beta1()),
                    new IValue(settings.beta2()), new IValue(settings.weightDecay()), new IValue(settings.epsilon()),
                    new IValue(false), new IValue(false), new IValue(), new IValue()));
            parameters.forEach(parameter -> parameter.mutable_grad().reset());
        }
    }

    private static IValue list(List<Tensor> tensors) {
        GenericList list = new GenericList(new Type.TypePtr(TensorType.get()));
        tensors.forEach(tensor -> list.push_back(new IValue(tensor)));
        return new IValue(list);
    }
}
