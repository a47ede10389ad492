package org.flowrl.tensor.contract;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;

/// The language-model head on vocabularies around one vector, one block and one chunk.
final class HeadCases {
    private static final int[] ROWS = {0, 1, 2, 5, 6, 64};
    private static final int[] WORDS = {1, 7, 13, 16, 17, 255, 256, 257, 300};
    private static final int[] MANY_WORDS = {4095, 4096, 4097, 8200};
    private static final double[] TEMPERATURES = {1, 0.7};
    private static final List<SamplingLaw> LAWS = List.of(SamplingLaw.ofTemperature(1),
            SamplingLaw.ofTemperature(0.7), SamplingLaw.greedy(), new SamplingLaw(1, 5, 1),
            new SamplingLaw(1.3, 0, 0.9), new SamplingLaw(0.8, 20, 0.5), new SamplingLaw(1, 100_000, 1),
            new SamplingLaw(1, 1, 1), new SamplingLaw(1, 0, 1e-9));

    private HeadCases() {
    }

    static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>();
        for (int v : WORDS) {
            for (int n : ROWS) {
                addCases(cases, n, 17, v);
            }
            addCases(cases, 5, 1, v);
            addCases(cases, 5, 300, v);
        }
        for (int v : MANY_WORDS) {
            addCases(cases, 3, 13, v);
        }
        addCases(cases, 257, 16, 40);
        return cases;
    }

    private static void addCases(List<KernelCase> cases, int n, int d, int v) {
        for (double temperature : TEMPERATURES) {
            cases.add(logProbs(n, d, v, temperature));
            cases.add(logProbsBackward(n, d, v, temperature, false));
            cases.add(logProbsBackward(n, d, v, temperature, true));
        }
        for (SamplingLaw law : LAWS) {
            cases.add(sample(n, d, v, law));
        }
    }

    /// Weights of length about 1, so that logits have a variance of about 1 whatever D.
    private static PackedMatrix weight(Backend backend, Inputs in, int v, int d, DType storage) {
        Tensor weight = in.ordinary(v, d);
        backend.elementwise().affine(weight, 1 / Math.sqrt(d), 0, weight);
        return backend.matmul().pack(weight, storage, in.scope());
    }

    private static KernelCase logProbs(int n, int d, int v, double temperature) {
        return KernelCase.of("logProbs", KernelCase.FINITE, (backend, in) -> {
            PackedMatrix weight = weight(backend, in, v, d, in.type());
            Tensor logProb = in.junk(n);
            Tensor entropy = in.junk(n);
            Tensor lse = in.junk(n);
            backend.heads().logProbs(in.values(n, d), weight, in.indices(v, n), temperature, logProb, entropy, lse);
            return List.of(logProb, entropy, lse);
        }, "N", n, "D", d, "V", v, "temperature", temperature);
    }

    private static KernelCase logProbsBackward(int n, int d, int v, double temperature, boolean entropies) {
        return KernelCase.of("logProbsBackward", KernelCase.ORDINARY, (backend, in) -> {
            PackedMatrix weight = weight(backend, in, v, d, entropies ? DType.BF16 : in.type());
            Tensor hidden = in.values(n, d);
            Tensor targets = in.indices(v, n);
            Tensor logProb = in.junk(n);
            Tensor entropy = in.junk(n);
            Tensor lse = in.junk(n);
            backend.heads().logProbs(hidden, weight, targets, temperature, logProb, entropy, lse);
            Tensor dhidden = in.junk(n, d);
            Tensor dweight = in.ordinary(v, d);
            backend.heads().logProbsBackward(hidden, weight, targets, temperature, entropy, lse, in.ordinary(n),
                    entropies ? in.ordinary(n) : null, dhidden, dweight);
            return List.of(dhidden, dweight);
        }, "N", n, "D", d, "V", v, "temperature", temperature, entropies ? "entropies, BF16" : "");
    }

    /// Weights and rows of small whole numbers, so that logits tie.
    private static KernelCase sample(int n, int d, int v, SamplingLaw law) {
        return KernelCase.of("sample", KernelCase.ORDINARY, (backend, in) -> {
            PackedMatrix weight = backend.matmul().pack(in.coarse(1, v, d), in.type(), in.scope());
            Tensor tokens = in.scope().of(new int[n], n);
            Tensor logProb = in.junk(n);
            backend.heads().sample(in.coarse(1, n, d), weight, law, in.uniforms(n), tokens, logProb);
            return List.of(tokens, logProb);
        }, "N", n, "D", d, "V", v, law);
    }
}
