package org.flowrl.bench.peers;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.flowrl.bench.kernel.HeadCase;
import org.flowrl.bench.kernel.Inputs;

/// The language-model head in libtorch: logits [N, V] in full, then operators over them. Gradients are those that
/// autograd would compute, with the logits made again as FlowRL makes them and everything in place.
final class TorchHeads {
    private final Inputs inputs;

    TorchHeads(Inputs inputs) {
        this.inputs = inputs;
    }

    TorchCall prepare(HeadCase c) {
        long n = c.rows();
        long v = c.vocabulary();
        long d = c.width();
        Tensor hidden = TorchTensors.floats(inputs.get("hidden"), n, d);
        Tensor weight = TorchTensors.floats(inputs.get("weight"), v, d);
        Tensor transposed = weight.t();
        Tensor targets = TorchTensors.indices(inputs.get("targets"), n, 1);
        Tensor logits = output(n, v);
        Tensor lse = output(n, 1);
        if (c.kind() == HeadCase.Kind.LOG_PROBS) {
            return logProbs(hidden, transposed, targets, logits, lse);
        }
        torch.mm_out(logits, hidden, transposed);
        torch.logsumexp_out(lse, logits, new long[] {1}, true);
        Tensor dLogProb = TorchTensors.floats(inputs.get("dLogProb"), n, 1);
        Tensor negated = dLogProb.neg();
        Tensor dhidden = output(n, d);
        Tensor dweight = output(v, d);
        Tensor dlogitsTransposed = logits.t();
        return TorchCall.into(() -> {
            torch.mm_out(logits, hidden, transposed);
            logits.sub_(lse);
            logits.exp_();
            logits.mul_(negated);
            logits.scatter_add_(1, targets, dLogProb);
            torch.mm_out(dhidden, logits, weight);
            dweight.addmm_(dlogitsTransposed, hidden);
        }, dhidden, dweight);
    }

    private TorchCall logProbs(Tensor hidden, Tensor transposed, Tensor targets, Tensor logits, Tensor lse) {
        long n = logits.size(0);
        Tensor probabilities = output(n, logits.size(1));
        Tensor logProb = output(n, 1);
        Tensor mean = output(n, 1);
        Tensor entropy = output(n, 1);
        return new TorchCall(() -> {
            torch.mm_out(logits, hidden, transposed);
            torch.logsumexp_out(lse, logits, new long[] {1}, true);
            torch.gather_out(logProb, logits, 1, targets);
            logProb.sub_(lse);
            torch.softmax_out(probabilities, logits, 1);
            probabilities.mul_(logits);
            torch.sum_out(mean, probabilities, new long[] {1}, true, null);
            torch.sub_out(entropy, lse, mean);
        }, () -> List.of(logProb, entropy, lse));
    }

    private Tensor output(long rows, long columns) {
        return TorchTensors.floats(inputs.allocate(rows * columns), rows, columns);
    }
}
