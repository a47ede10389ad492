package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels.Binary;
import org.flowrl.tensor.ElementwiseKernels.Unary;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.flowrl.tensor.contract.Paging;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// The reference kernels against the textbook formula in doubles, summed in the plainest order.
@ParameterizedClass
@EnumSource(value = DType.class, names = {"F32", "F64"})
class ReferenceFormulaTest {
    private static final int M = 5;
    private static final int K = 300;
    private static final int N = 17;
    private static final double EPS = 1e-5;

    private final DType type;
    private Backend backend;
    private Scope scope;
    private Inputs in;

    ReferenceFormulaTest(DType type) {
        this.type = type;
    }

    @BeforeEach
    void open() {
        backend = new ReferenceBackend();
        scope = Scope.root("test", backend.memory());
        in = new Inputs(scope, type, Inputs.Range.NORMAL, 1);
    }

    @AfterEach
    void close() {
        scope.close();
        backend.close();
    }

    /// A sum of `terms` products of size about 1 is wrong by about √terms roundings of 2^-24 in F32 (a random walk);
    /// ten times that is allowed. F64 has 29 more digits, of which 1e-12 asks for few.
    private void assertClose(Tensor actual, double[] expected, int terms) {
        double allowed = type == DType.F32 ? 10 * Math.sqrt(terms) * 0x1p-24 : 1e-12;
        double[] values = actual.toDoubles();
        assertThat(values).hasSameSizeAs(expected);
        double size = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        for (int i = 0; i < values.length; i++) {
            assertThat(Math.abs(values[i] - expected[i])).as("element %d: %s against %s", i, values[i], expected[i])
                    .isLessThanOrEqualTo(allowed * size);
        }
    }

    @Test
    void forwardMultipliesByTheTransposedWeightAndAddsTheBias() {
        Tensor x = in.values(M, K);
        Tensor w = in.values(N, K);
        Tensor bias = in.values(N);
        Tensor y = in.junk(M, N);
        backend.matmul().forward(x, backend.matmul().pack(w, type, scope), bias, y);
        double[] expected = new double[M * N];
        for (int m = 0; m < M; m++) {
            for (int n = 0; n < N; n++) {
                for (int k = 0; k < K; k++) {
                    expected[m * N + n] += x.get(m * K + k) * w.get(n * K + k);
                }
                expected[m * N + n] += bias.get(n);
            }
        }
        assertClose(y, expected, K);
    }

    @Test
    void bfloat16CopiesHoldRoundedWeights() {
        Tensor w = in.values(1, 3);
        w.set(0, 1 + 0x1p-8);
        w.set(1, 1 + 0x1p-8 + 0x1p-20);
        w.set(2, -3);
        Tensor x = in.floating(new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3);
        Tensor y = in.junk(3, 1);
        PackedMatrix packed = backend.matmul().pack(w, DType.BF16, scope);
        backend.matmul().forward(x, packed, null, y);
        // 1 + 2^-8 lies half-way between 1 and 1 + 2^-7 and goes to the even 1; anything above goes up.
        assertThat(y.toDoubles()).containsExactly(1, 1 + 0x1p-7, -3);
        assertThat(packed.storage()).isEqualTo(DType.BF16);
    }

    @Test
    void rmsNormScalesByTheRootMeanSquare() {
        Tensor x = in.values(M, K);
        Tensor weight = in.values(K);
        Tensor y = in.junk(M, K);
        Tensor inverse = in.junk(M);
        backend.rows().rmsNorm(x, weight, EPS, y, inverse);
        double[] inverses = new double[M];
        double[] expected = new double[M * K];
        for (int r = 0; r < M; r++) {
            double squares = 0;
            for (int d = 0; d < K; d++) {
                squares += Math.pow(x.get(r * K + d), 2);
            }
            inverses[r] = Math.pow(squares / K + EPS, -0.5);
            for (int d = 0; d < K; d++) {
                expected[r * K + d] = x.get(r * K + d) * inverses[r] * weight.get(d);
            }
        }
        assertClose(y, expected, K);
        assertClose(inverse, inverses, K);
    }

    @Test
    void layerNormStandardisesEachRow() {
        Tensor x = in.values(M, K);
        Tensor gamma = in.values(K);
        Tensor beta = in.values(K);
        Tensor y = in.junk(M, K);
        Tensor mean = in.junk(M);
        Tensor inverse = in.junk(M);
        backend.rows().layerNorm(x, gamma, beta, EPS, y, mean, inverse);
        double[] expected = new double[M * K];
        for (int r = 0; r < M; r++) {
            double[] row = Arrays.copyOfRange(x.toDoubles(), r * K, (r + 1) * K);
            double average = Arrays.stream(row).average().orElseThrow();
            double variance = Arrays.stream(row).map(value -> (value - average) * (value - average)).sum() / K;
            for (int d = 0; d < K; d++) {
                expected[r * K + d] = (row[d] - average) / Math.sqrt(variance + EPS) * gamma.get(d) + beta.get(d);
            }
        }
        assertClose(y, expected, K);
    }

    @Test
    void gatherAndScatterAddMoveRows() {
        Tensor ids = in.integers(2, 0, 2);
        Tensor table = in.floating(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
        Tensor out = in.junk(3, 2);
        backend.rows().gather(table, ids, out);
        assertThat(out.toDoubles()).containsExactly(5, 6, 1, 2, 5, 6);
        backend.rows().scatterAdd(in.floating(new float[] {10, 20, 30, 40, 50, 60}, 3, 2), ids, table);
        assertThat(table.toDoubles()).containsExactly(31, 42, 3, 4, 65, 86);
    }

    @Test
    void ropeRotatesPairsOfHalvesByTheirPositionsAngle() {
        int heads = 2;
        int size = 6;
        Tensor x = in.values(M, heads, size);
        Tensor positions = in.integers(3, 0, 1, 7, 2);
        double[] angles = new double[8 * size / 2];
        float[] cos = new float[angles.length];
        float[] sin = new float[angles.length];
        for (int i = 0; i < angles.length; i++) {
            angles[i] = 0.37 * i;
            cos[i] = (float) Math.cos(angles[i]);
            sin[i] = (float) Math.sin(angles[i]);
        }
        Tensor out = in.junk(M, heads, size);
        backend.rows().rope(x, positions, in.floating(cos, 8, 3), in.floating(sin, 8, 3), false, out);
        double[] expected = new double[M * heads * size];
        for (int row = 0; row < M * heads; row++) {
            for (int e = 0; e < size / 2; e++) {
                int angle = (int) positions.get(row / heads) * 3 + e;
                double a = x.get(row * size + e);
                double b = x.get(row * size + e + 3);
                expected[row * size + e] = a * cos[angle] - b * sin[angle];
                expected[row * size + e + 3] = b * cos[angle] + a * sin[angle];
            }
        }
        assertClose(out, expected, 2);
    }

    @Test
    void segmentsAreSummedAndBroadcast() {
        Tensor starts = in.integers(0, 2, 2, 3);
        Tensor sums = in.junk(3, 2);
        backend.rows().segmentSum(in.floating(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 4, 2), starts, sums);
        assertThat(sums.toDoubles()).containsExactly(4, 6, 0, 0, 5, 6);
        Tensor rows = in.junk(4);
        backend.rows().segmentBroadcast(in.floating(new float[] {7, 8, 9}, 3), starts, rows);
        assertThat(rows.toDoubles()).containsExactly(7, 7, 9, 0);
    }

    @Test
    void attentionIsTheSoftmaxOfScaledProductsOverEarlierKeys() {
        int heads = 4;
        int groups = 2;
        int size = 9;
        int[] starts = {0, 3, 20};
        Tensor q = in.values(20, heads, size);
        Tensor k = in.values(20, groups, size);
        Tensor v = in.values(20, groups, size);
        Tensor out = in.junk(20, heads, size);
        backend.attention().forward(q, k, v, in.integers(starts), 0.3, out, in.junk(20, heads, 2));
        double[] expected = new double[20 * heads * size];
        for (int n = 0; n < 20; n++) {
            for (int h = 0; h < heads; h++) {
                double total = 0;
                int at = (n * heads + h) * size;
                for (int j = n < 3 ? 0 : 3; j <= n; j++) {
                    int key = (j * groups + h / 2) * size;
                    double product = 0;
                    for (int e = 0; e < size; e++) {
                        product += q.get(at + e) * k.get(key + e);
                    }
                    double weight = Math.exp(0.3 * product);
                    total += weight;
                    for (int e = 0; e < size; e++) {
                        expected[at + e] += weight * v.get(key + e);
                    }
                }
                for (int e = 0; e < size; e++) {
                    expected[at + e] /= total;
                }
            }
        }
        assertClose(out, expected, 20);
    }

    /// Two sequences whose pages are neither in order nor next to each other: to the bit what they attend to packed.
    @Test
    void attentionThroughPagesIsThatOfTheSequences() {
        int groups = 2;
        int size = 3;
        Paging paging = Paging.of(in, 3, 17, 5);
        Tensor q = in.values(22, 4, size);
        Tensor k = in.values(22, groups, size);
        Tensor v = in.values(22, groups, size);
        Tensor packed = in.junk(22, 4, size);
        backend.attention().forward(q, k, v, in.integers(0, 17, 22), 0.3, packed, in.junk(22, 4, 2));
        Tensor keyPages = scope.zeros(type, paging.pages(), groups, size, Backend.LANES);
        Tensor valuePages = scope.zeros(type, paging.pages(), groups, Backend.LANES, size);
        Tensor paged = in.junk(22, 4, size);
        backend.attention().writePages(k, v, paging.slots(), keyPages, valuePages);
        backend.attention().forwardPaged(q, keyPages, valuePages, paging.positions(), paging.sequences(),
                paging.table(), 0.3, paged);
        assertThat(paged.toDoubles()).containsExactly(packed.toDoubles());
    }

    /// Scores 0, 1200 and −1200: only differences from the largest have an exponential.
    @Test
    void largeScoresAndLogitsDoNotOverflow() {
        Tensor q = in.floating(new float[] {30, 30, 30}, 3, 1, 1);
        Tensor k = in.floating(new float[] {0, 40, -40}, 3, 1, 1);
        Tensor v = in.floating(new float[] {1, 2, 3}, 3, 1, 1);
        Tensor out = in.junk(3, 1, 1);
        backend.attention().forward(q, k, v, in.integers(0, 3), 1, out, in.junk(3, 1, 2));
        assertThat(out.toDoubles()).containsExactly(1, 2, 2);

        PackedMatrix weight = backend.matmul().pack(in.floating(new float[] {0, 2000, -2000}, 3, 1), type, scope);
        Tensor ones = in.floating(new float[] {1, 1}, 2, 1);
        Tensor logProb = in.junk(2);
        Tensor entropy = in.junk(2);
        Tensor lse = in.junk(2);
        backend.heads().logProbs(ones, weight, in.integers(0, 1), 1, logProb, entropy, lse);
        assertThat(logProb.toDoubles()).containsExactly(-2000, 0);
        assertThat(entropy.toDoubles()).containsExactly(0, 0);
        assertThat(lse.toDoubles()).containsExactly(2000, 2000);
    }

    @Test
    void logProbsAndEntropiesAreThoseOfTheSoftmax() {
        int words = 5000;
        Tensor hidden = in.values(M, 20);
        Tensor weight = in.values(words, 20);
        Tensor targets = in.indices(words, M);
        Tensor logProb = in.junk(M);
        Tensor entropy = in.junk(M);
        Tensor lse = in.junk(M);
        backend.heads().logProbs(hidden, backend.matmul().pack(weight, type, scope), targets, 0.7, logProb, entropy,
                lse);
        double[][] expected = new double[3][M];
        for (int n = 0; n < M; n++) {
            double[] z = logits(hidden, weight, n, 0.7);
            double total = Arrays.stream(z).map(Math::exp).sum();
            expected[0][n] = z[(int) targets.get(n)] - Math.log(total);
            expected[1][n] = -Arrays.stream(z).map(logit -> Math.exp(logit) / total * (logit - Math.log(total))).sum();
            expected[2][n] = Math.log(total);
        }
        assertClose(logProb, expected[0], words);
        assertClose(entropy, expected[1], words);
        assertClose(lse, expected[2], words);
    }

    private static double[] logits(Tensor hidden, Tensor weight, int n, double temperature) {
        int size = (int) hidden.dim(1);
        double[] z = new double[(int) weight.dim(0)];
        for (int v = 0; v < z.length; v++) {
            for (int d = 0; d < size; d++) {
                z[v] += hidden.get(n * size + d) * weight.get(v * size + d) / temperature;
            }
        }
        return z;
    }

    @Test
    void samplesInvertTheDistributionFunctionOfTheKeptWords() {
        // Logits log 4, log 1, log 3, log 3, log 1: probabilities 4, 1, 3, 3, 1 twelfths.
        float[] logits = {(float) Math.log(4), 0, (float) Math.log(3), (float) Math.log(3), 0};
        PackedMatrix weight = backend.matmul().pack(in.floating(logits, 5, 1), type, scope);
        SamplingLaw all = SamplingLaw.ofTemperature(1);
        assertDraws(weight, all, new double[] {0, 3.9 / 12, 4.1 / 12, 5.1 / 12, 8.1 / 12, 11.1 / 12, Math.nextDown(1.)},
                new int[] {0, 0, 1, 2, 3, 4, 4}, new double[] {4, 4, 1, 3, 3, 1, 1}, 12);
        assertDraws(weight, new SamplingLaw(1, 2, 1), new double[] {0, 3.9 / 7, 4.1 / 7, Math.nextDown(1.)},
                new int[] {0, 0, 2, 2}, new double[] {4, 4, 3, 3}, 7);
        // 4/12 + 3/12 reach 0.5; of two words with log 3 the one with the lower id is kept.
        assertDraws(weight, new SamplingLaw(1, 0, 0.5), new double[] {0, 4.1 / 7}, new int[] {0, 2},
                new double[] {4, 3}, 7);
        // Of the three words that top-k keeps, 4/10 + 3/10 reach 0.6.
        assertDraws(weight, new SamplingLaw(1, 3, 0.6), new double[] {0, 4.1 / 7}, new int[] {0, 2},
                new double[] {4, 3}, 7);
        assertDraws(weight, new SamplingLaw(1, 3, 0.8), new double[] {0, 9.9 / 10}, new int[] {0, 3},
                new double[] {4, 3}, 10);
        assertDraws(weight, SamplingLaw.greedy(), new double[] {0, 0.99}, new int[] {0, 0}, new double[] {4, 4}, 12);
        // Temperature 1/2 squares the weights: 16, 1, 9, 9, 1 of 36.
        assertDraws(weight, SamplingLaw.ofTemperature(0.5), new double[] {15.9 / 36, 16.1 / 36, 26.1 / 36},
                new int[] {0, 1, 3}, new double[] {16, 1, 9}, 36);
    }

    /// Equal logits: four words of weight 1, whose sums are exact.
    @Test
    void boundariesOfSamplingLiftNothingOverThem() {
        PackedMatrix equal = backend.matmul().pack(in.floating(new float[4], 4, 1), type, scope);
        double[] ones = {1, 1, 1, 1};
        // The first word at which the running sum exceeds u · 4, so that u = 1/4 is the second word's.
        assertDraws(equal, SamplingLaw.ofTemperature(1), new double[] {0, 0.25, 0.5, 0.75}, new int[] {0, 1, 2, 3},
                ones, 4);
        // Two words reach 1/2 of the weights, and none more is kept.
        assertDraws(equal, new SamplingLaw(1, 0, 0.5), new double[] {0.49, Math.nextDown(1.)}, new int[] {0, 1},
                ones, 2);
        // Of equal words the lowest ids: one is the likeliest, two are the top two.
        assertDraws(equal, SamplingLaw.greedy(), new double[] {0.99}, new int[] {0}, ones, 4);
        assertDraws(equal, new SamplingLaw(1, 2, 1), new double[] {0.49, 0.5}, new int[] {0, 1}, ones, 2);
        // A word that is cut off has weight 0, and u = 0 does not draw it.
        PackedMatrix rising = backend.matmul().pack(in.floating(new float[] {0, 1, 2}, 3, 1), type, scope);
        assertDraws(rising, new SamplingLaw(1, 1, 1), new double[] {0}, new int[] {2}, new double[] {1}, 1);
    }

    private void assertDraws(PackedMatrix weight, SamplingLaw law, double[] uniforms, int[] words, double[] weights,
            double total) {
        int n = uniforms.length;
        float[] ones = new float[n];
        Arrays.fill(ones, 1);
        Tensor numbers = scope.allocate(DType.F64, n);
        numbers.copyFrom(uniforms);
        Tensor tokens = in.integers(new int[n]);
        Tensor logProb = in.junk(n);
        backend.heads().sample(in.floating(ones, n, 1), weight, law, numbers, tokens, logProb);
        assertThat(tokens.toInts()).as(law.toString()).containsExactly(words);
        // Logits are floats, so that log 3 is off by up to 2^-24 · log 3.
        double[] expected = Arrays.stream(weights).map(w -> Math.log(w / total)).toArray();
        for (int i = 0; i < n; i++) {
            assertThat(logProb.get(i)).as("%s, draw %d", law, i)
                    .isCloseTo(expected[i], within(1e-6));
        }
    }

    @Test
    void elementwiseFunctionsAreTheirFormulas() {
        assertUnary(Unary.NEGATE, x -> -x);
        assertUnary(Unary.SQUARE, x -> x * x);
        assertUnary(Unary.SQUARE_ROOT, Math::sqrt);
        assertUnary(Unary.RECIPROCAL, x -> 1 / x);
        assertUnary(Unary.ABSOLUTE, Math::abs);
        assertUnary(Unary.EXP, Math::exp);
        assertUnary(Unary.LOG, Math::log);
        assertUnary(Unary.STEP, x -> x > 0 ? 1 : 0);
        assertBinary(Binary.ADD, (a, b) -> a + b);
        assertBinary(Binary.SUBTRACT, (a, b) -> a - b);
        assertBinary(Binary.MULTIPLY, (a, b) -> a * b);
        assertBinary(Binary.DIVIDE, (a, b) -> a / b);
        assertBinary(Binary.MINIMUM, Math::min);
        assertBinary(Binary.MAXIMUM, Math::max);
        assertBinary(Binary.GREATER, (a, b) -> a > b ? 1 : 0);
    }

    @Test
    void nothingIsAboveItself() {
        Tensor zeros = in.floating(new float[] {0, -0f, Float.MIN_VALUE}, 3);
        Tensor y = in.junk(3);
        backend.elementwise().unary(Unary.STEP, zeros, y);
        assertThat(y.toDoubles()).containsExactly(0, 0, 1);
        backend.elementwise().binary(Binary.GREATER, zeros, zeros, y);
        assertThat(y.toDoubles()).containsExactly(0, 0, 0);
    }

    /// 1 + 2^-8 lies half-way between two BF16 numbers, the even of which is 1. By way of a float, what is a little
    /// more than half-way would be half-way and go down, too. The same 2^-11 above 1 in F16.
    @Test
    void conversionsRoundOnce() {
        double[] values = {1 + 0x1p-8, 1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-11, 1 + 0x1p-11 + 0x1p-40};
        Tensor from = scope.of(values, 4);
        for (DType narrow : new DType[] {DType.BF16, DType.F16}) {
            Tensor to = scope.allocate(narrow, 4);
            backend.elementwise().convert(from, to);
            assertThat(IntStream.range(0, 4).mapToDouble(to::get).toArray()).as(narrow.name())
                    .containsExactly(narrow == DType.BF16 ? new double[] {1, 1 + 0x1p-7, 1, 1}
                            : new double[] {1 + 0x1p-8, 1 + 0x1p-8, 1, 1 + 0x1p-10});
        }
    }

    private void assertUnary(Unary f, DoubleUnaryOperator formula) {
        boolean positive = f == Unary.SQUARE_ROOT || f == Unary.LOG || f == Unary.RECIPROCAL;
        Tensor x = positive ? in.positive(K) : in.values(K);
        Tensor y = in.junk(K);
        backend.elementwise().unary(f, x, y);
        assertClose(y, Arrays.stream(x.toDoubles()).map(formula).toArray(), 1);
    }

    private void assertBinary(Binary f, DoubleBinaryOperator formula) {
        Tensor a = in.values(K);
        Tensor b = in.positive(K);
        Tensor y = in.junk(K);
        backend.elementwise().binary(f, a, b, y);
        double[] expected = new double[K];
        for (int i = 0; i < K; i++) {
            expected[i] = formula.applyAsDouble(a.get(i), b.get(i));
        }
        assertClose(y, expected, 1);
    }

    @Test
    void scalingsAndSumsAreTheirFormulas() {
        Tensor x = in.values(9000);
        double[] xs = x.toDoubles();
        Tensor y = in.junk(9000);
        backend.elementwise().affine(x, 3, -2, y);
        assertClose(y, Arrays.stream(xs).map(value -> 3 * value - 2).toArray(), 1);
        backend.elementwise().addScaled(-3, x, y);
        assertClose(y, Arrays.stream(xs).map(value -> -2).toArray(), 1);
        backend.elementwise().clamp(x, -1, 0.5, y);
        assertClose(y, Arrays.stream(xs).map(value -> Math.clamp(value, -1, 0.5)).toArray(), 1);
        Tensor sum = in.junk(1);
        backend.elementwise().unary(Unary.SQUARE, x, y);
        backend.elementwise().sum(y, sum);
        double squares = Arrays.stream(xs).map(value -> value * value).sum();
        assertClose(sum, new double[] {squares}, 9000);
        assertThat(backend.optimizer().squaredNorm(x)).isCloseTo(squares,
                withinPercentage(type == DType.F32 ? 1e-3 : 1e-10));
    }

    @Test
    void swiGluGatesByTheSigmoid() {
        Tensor gate = in.values(K);
        Tensor up = in.values(K);
        Tensor out = in.junk(K);
        backend.elementwise().swiGlu(gate, up, out);
        double[] expected = new double[K];
        for (int i = 0; i < K; i++) {
            expected[i] = gate.get(i) / (1 + Math.exp(-gate.get(i))) * up.get(i);
        }
        assertClose(out, expected, 4);
    }

    @Test
    void dropoutKeepsTheAskedShareAndItsMean() {
        Tensor mask = in.junk(100_000);
        backend.elementwise().dropoutMask(RandomKey.of(3), 0.8, mask);
        double[] values = mask.toDoubles();
        assertThat(Arrays.stream(values).distinct().sorted().toArray()).hasSize(2).startsWith(0);
        // Standard deviation of the mean: √(0.2 / 0.8 / 100000) = 0.0016; five of them are allowed.
        assertThat(Arrays.stream(values).average().orElseThrow()).isBetween(0.992, 1.008);
    }

    @Test
    void adamWIsPyTorchsUpdate() {
        double[] w = {0.5, -1, 2};
        double[] g = {0.1, -0.2, 0};
        double[] m = {0.01, 0.02, 0};
        double[] v = {0.001, 0.002, 0};
        OptimizerKernels.AdamW settings = new OptimizerKernels.AdamW(0.01, 0.9, 0.999, 1e-8, 0.1, 3, 0.5);
        Tensor[] tensors = new Tensor[4];
        double[][] values = {w, g, m, v};
        for (int t = 0; t < 4; t++) {
            tensors[t] = in.junk(3);
            for (int i = 0; i < 3; i++) {
                tensors[t].set(i, values[t][i]);
            }
        }
        backend.optimizer().adamW(tensors[0], tensors[1], tensors[2], tensors[3], settings);
        double[] expected = new double[3];
        for (int i = 0; i < 3; i++) {
            double gradient = 0.5 * g[i];
            double mean = 0.9 * m[i] + 0.1 * gradient;
            double square = 0.999 * v[i] + 0.001 * gradient * gradient;
            double meanHat = mean / (1 - Math.pow(0.9, 3));
            double squareHat = square / (1 - Math.pow(0.999, 3));
            expected[i] = w[i] - 0.01 * 0.1 * w[i] - 0.01 * meanHat / (Math.sqrt(squareHat) + 1e-8);
        }
        assertClose(tensors[0], expected, 4);
    }
}
