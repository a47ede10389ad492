package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleSupplier;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels.Unary;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The backward kernels in F64 against central differences of the forward kernels, for the loss Σ dy · y with random
/// dy.
class ReferenceGradientTest {
    /// Central differences are wrong by about h² (1e-10) and 2^-53 / h (1e-11), times third derivatives and sums.
    private static final double H = 1e-5;
    private static final double TOLERANCE = 1e-7;

    private static final double BEFORE = 2;

    private Backend backend;
    private Scope scope;
    private Inputs in;

    @BeforeEach
    void open() {
        backend = new ReferenceBackend();
        scope = Scope.root("test", backend.memory());
        in = new Inputs(scope, DType.F64, Inputs.Range.NORMAL, 3);
    }

    @AfterEach
    void close() {
        scope.close();
        backend.close();
    }

    private static void assertGradient(String of, Tensor x, Tensor dx, DoubleSupplier loss) {
        for (long i = 0; i < x.elements(); i++) {
            double value = x.get(i);
            x.set(i, value + H);
            double above = loss.getAsDouble();
            x.set(i, value - H);
            double below = loss.getAsDouble();
            x.set(i, value);
            assertThat(dx.get(i)).as("d%s[%d]", of, i).isCloseTo((above - below) / (2 * H), within(TOLERANCE));
        }
    }

    /// A gradient that is added to: it holds something before the call.
    private Tensor begun(long... dims) {
        Tensor gradient = in.junk(dims);
        backend.elementwise().fill(gradient, BEFORE);
        return gradient;
    }

    /// What was added to a {@link #begun} gradient.
    private Tensor added(Tensor gradient) {
        backend.elementwise().affine(gradient, 1, -BEFORE, gradient);
        return gradient;
    }

    private static double dot(Tensor a, Tensor b) {
        double sum = 0;
        for (long i = 0; i < a.elements(); i++) {
            sum += a.get(i) * b.get(i);
        }
        return sum;
    }

    @Test
    void ofMatmul() {
        Tensor x = in.values(3, 5);
        Tensor w = in.values(4, 5);
        Tensor bias = in.values(4);
        Tensor dy = in.values(3, 4);
        Tensor y = in.junk(3, 4);
        PackedMatrix packed = backend.matmul().pack(w, DType.F64, scope);
        DoubleSupplier loss = () -> {
            backend.matmul().repack(w, packed);
            backend.matmul().forward(x, packed, bias, y);
            return dot(dy, y);
        };
        Tensor dx = in.junk(3, 5);
        Tensor dw = begun(4, 5);
        Tensor db = begun(4);
        backend.matmul().inputGradient(dy, packed, dx, false);
        backend.matmul().weightGradient(dy, x, dw);
        backend.matmul().biasGradient(dy, db);
        assertGradient("x", x, dx, loss);
        assertGradient("w", w, added(dw), loss);
        assertGradient("bias", bias, added(db), loss);
    }

    @Test
    void ofRmsNorm() {
        Tensor x = in.values(3, 5);
        Tensor weight = in.values(5);
        Tensor dy = in.values(3, 5);
        Tensor y = in.junk(3, 5);
        Tensor inverse = in.junk(3);
        DoubleSupplier loss = () -> {
            backend.rows().rmsNorm(x, weight, 1e-3, y, inverse);
            return dot(dy, y);
        };
        loss.getAsDouble();
        Tensor dx = in.junk(3, 5);
        Tensor dweight = begun(5);
        backend.rows().rmsNormBackward(dy, x, weight, inverse, dx, dweight);
        assertGradient("x", x, dx, loss);
        assertGradient("weight", weight, added(dweight), loss);
    }

    @Test
    void ofLayerNorm() {
        Tensor x = in.values(3, 5);
        Tensor gamma = in.values(5);
        Tensor beta = in.values(5);
        Tensor dy = in.values(3, 5);
        Tensor y = in.junk(3, 5);
        Tensor mean = in.junk(3);
        Tensor inverse = in.junk(3);
        DoubleSupplier loss = () -> {
            backend.rows().layerNorm(x, gamma, beta, 1e-3, y, mean, inverse);
            return dot(dy, y);
        };
        loss.getAsDouble();
        Tensor dx = in.junk(3, 5);
        Tensor dgamma = begun(5);
        Tensor dbeta = begun(5);
        backend.rows().layerNormBackward(dy, x, gamma, mean, inverse, dx, dgamma, dbeta);
        assertGradient("x", x, dx, loss);
        assertGradient("gamma", gamma, added(dgamma), loss);
        assertGradient("beta", beta, added(dbeta), loss);
    }

    @Test
    void ofGather() {
        Tensor table = in.values(4, 3);
        Tensor ids = in.integers(3, 1, 3);
        Tensor dout = in.values(3, 3);
        Tensor out = in.junk(3, 3);
        Tensor dtable = begun(4, 3);
        backend.rows().scatterAdd(dout, ids, dtable);
        assertGradient("table", table, added(dtable), () -> {
            backend.rows().gather(table, ids, out);
            return dot(dout, out);
        });
    }

    @Test
    void ofRope() {
        Tensor x = in.values(3, 2, 4);
        Tensor positions = in.integers(4, 0, 2);
        Tensor cos = in.values(5, 2);
        Tensor sin = in.values(5, 2);
        Tensor dout = in.values(3, 2, 4);
        Tensor out = in.junk(3, 2, 4);
        Tensor dx = in.junk(3, 2, 4);
        backend.rows().rope(dout, positions, cos, sin, true, dx);
        assertGradient("x", x, dx, () -> {
            backend.rows().rope(x, positions, cos, sin, false, out);
            return dot(dout, out);
        });
    }

    @Test
    void ofSegmentSum() {
        Tensor x = in.values(5, 2);
        Tensor starts = in.integers(0, 2, 2, 4);
        Tensor dout = in.values(3, 2);
        Tensor out = in.junk(3, 2);
        Tensor dx = in.junk(5, 2);
        backend.rows().segmentBroadcast(dout, starts, dx);
        assertGradient("x", x, dx, () -> {
            backend.rows().segmentSum(x, starts, out);
            return dot(dout, out);
        });
    }

    @Test
    void ofAttention() {
        Tensor q = in.values(7, 4, 3);
        Tensor k = in.values(7, 2, 3);
        Tensor v = in.values(7, 2, 3);
        Tensor starts = in.integers(0, 2, 7);
        Tensor dout = in.values(7, 4, 3);
        Tensor out = in.junk(7, 4, 3);
        Tensor statistics = in.junk(7, 4, 2);
        DoubleSupplier loss = () -> {
            backend.attention().forward(q, k, v, starts, 0.6, out, statistics);
            return dot(dout, out);
        };
        loss.getAsDouble();
        Tensor dq = in.junk(7, 4, 3);
        Tensor dk = in.junk(7, 2, 3);
        Tensor dv = in.junk(7, 2, 3);
        backend.attention().backward(dout, q, k, v, out, statistics, starts, 0.6, dq, dk, dv);
        assertGradient("q", q, dq, loss);
        assertGradient("k", k, dk, loss);
        assertGradient("v", v, dv, loss);
    }

    @Test
    void ofLogProbsAndEntropies() {
        Tensor hidden = in.values(3, 4);
        Tensor weight = in.values(6, 4);
        Tensor targets = in.integers(5, 0, 2);
        Tensor dLogProb = in.values(3);
        Tensor dEntropy = in.values(3);
        Tensor logProb = in.junk(3);
        Tensor entropy = in.junk(3);
        Tensor lse = in.junk(3);
        PackedMatrix packed = backend.matmul().pack(weight, DType.F64, scope);
        for (boolean entropies : new boolean[] {false, true}) {
            DoubleSupplier loss = () -> {
                backend.matmul().repack(weight, packed);
                backend.heads().logProbs(hidden, packed, targets, 0.7, logProb, entropy, lse);
                return dot(dLogProb, logProb) + (entropies ? dot(dEntropy, entropy) : 0);
            };
            loss.getAsDouble();
            Tensor dhidden = in.junk(3, 4);
            Tensor dweight = begun(6, 4);
            backend.heads().logProbsBackward(hidden, packed, targets, 0.7, entropy, lse, dLogProb,
                    entropies ? dEntropy : null, dhidden, dweight);
            assertGradient("hidden", hidden, dhidden, loss);
            assertGradient("weight", weight, added(dweight), loss);
        }
    }

    @Test
    void ofSwiGlu() {
        Tensor gate = in.values(9);
        Tensor up = in.values(9);
        Tensor dout = in.values(9);
        Tensor out = in.junk(9);
        Tensor dgate = in.junk(9);
        Tensor dup = in.junk(9);
        backend.elementwise().swiGluBackward(dout, gate, up, dgate, dup);
        DoubleSupplier loss = () -> {
            backend.elementwise().swiGlu(gate, up, out);
            return dot(dout, out);
        };
        assertGradient("gate", gate, dgate, loss);
        assertGradient("up", up, dup, loss);
    }

    @Test
    void ofGelu() {
        Tensor x = in.values(9);
        Tensor y = in.junk(9);
        Tensor slopes = in.junk(9);
        Tensor ones = in.junk(9);
        backend.elementwise().fill(ones, 1);
        backend.elementwise().unary(Unary.GELU_DERIVATIVE, x, slopes);
        assertGradient("x", x, slopes, () -> {
            backend.elementwise().unary(Unary.GELU, x, y);
            return dot(ones, y);
        });
    }
}
