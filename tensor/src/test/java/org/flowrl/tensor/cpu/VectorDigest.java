package org.flowrl.tensor.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Calls every kernel of a transformer's training step once on small tensors and digests all outputs, to compare
/// backends, JIT tiers and vector lengths across JVMs. Sizes are odd, so that every tail and edge tile is met, and
/// small enough for the interpreter.
///
/// As a program it prints the digest: arguments `reference` or `vector`, threads, and the number of repetitions, all of
/// which must give the same digest.
final class VectorDigest {
    private static final int TOKENS = 19;
    private static final int HEADS = 2;
    private static final int GROUPS = 1;
    private static final int SIZE = 82;
    private static final int WIDTH = HEADS * SIZE;
    private static final int WORDS = 37;

    private final Backend backend;
    private final Scope scope;
    private final SplittableRandom random = new SplittableRandom(7);
    private final List<Tensor> outputs = new ArrayList<>();

    private VectorDigest(Backend backend, Scope scope) {
        this.backend = backend;
        this.scope = scope;
    }

    public static void main(String[] arguments) {
        int threads = Integer.parseInt(arguments[1]);
        try (Backend backend = arguments[0].equals("vector") ? new VectorBackend(threads) : new ReferenceBackend()) {
            long digest = of(backend);
            for (int i = 1; i < Integer.parseInt(arguments[2]); i++) {
                long again = of(backend);
                if (again != digest) {
                    throw new AssertionError("repetition " + i + " gave " + again + ", not " + digest);
                }
            }
            System.out.println("digest " + digest);
        }
    }

    /// The digest of all kernels' outputs on `backend`.
    static long of(Backend backend) {
        try (Scope scope = Scope.root("digest", backend.memory())) {
            VectorDigest digest = new VectorDigest(backend, scope);
            digest.products(DType.F32, TOKENS, 270, WORDS);
            digest.products(DType.BF16, 3, 30, WORDS);
            // Enough outputs for a single row to stream panels of the longest vectors.
            digest.products(DType.F32, 1, 30, 270);
            digest.products(DType.BF16, 1, 30, 270);
            digest.rows();
            digest.attention();
            digest.head();
            digest.elements();
            return digest.value();
        }
    }

    private Tensor values(long... dims) {
        return like(scope.allocate(DType.F32, dims));
    }

    private Tensor like(Tensor tensor) {
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, 2 * random.nextDouble() - 1);
        }
        return tensor;
    }

    private Tensor output(long... dims) {
        Tensor tensor = values(dims);
        outputs.add(tensor);
        return tensor;
    }

    private Tensor integers(int count, int bound) {
        return scope.of(random.ints(count, 0, bound).toArray(), count);
    }

    private void products(DType storage, int tokens, int inputs, int words) {
        Tensor x = values(tokens, inputs);
        Tensor weight = values(words, inputs);
        PackedMatrix packed = backend.matmul().pack(weight, storage, scope);
        Tensor y = output(tokens, words);
        backend.matmul().forward(x, packed, values(words), y);
        backend.matmul().inputGradient(y, packed, output(tokens, inputs), true);
        backend.matmul().weightGradient(y, x, output(words, inputs));
        backend.matmul().biasGradient(y, output(words));
    }

    private void rows() {
        Tensor x = values(TOKENS, WIDTH);
        Tensor weight = values(WIDTH);
        Tensor y = output(TOKENS, WIDTH);
        Tensor inverse = output(TOKENS);
        Tensor mean = output(TOKENS);
        backend.rows().rmsNorm(x, weight, 1e-6, y, inverse);
        backend.rows().rmsNormBackward(y, x, weight, inverse, output(TOKENS, WIDTH), output(WIDTH));
        backend.rows().layerNorm(x, weight, values(WIDTH), 1e-5, y, mean, inverse);
        backend.rows().layerNormBackward(y, x, weight, mean, inverse, output(TOKENS, WIDTH), output(WIDTH),
                output(WIDTH));
        Tensor ids = integers(TOKENS, WORDS);
        backend.rows().gather(values(WORDS, WIDTH), ids, output(TOKENS, WIDTH));
        backend.rows().scatterAdd(x, ids, output(WORDS, WIDTH));
    }

    private void attention() {
        Tensor starts = scope.of(new int[] {0, 2, TOKENS}, 3);
        Tensor positions = integers(TOKENS, TOKENS);
        Tensor q = output(TOKENS, HEADS, SIZE);
        backend.rows().rope(values(TOKENS, HEADS, SIZE), positions, values(TOKENS, SIZE / 2), values(TOKENS, SIZE / 2),
                false, q);
        Tensor k = values(TOKENS, GROUPS, SIZE);
        Tensor v = values(TOKENS, GROUPS, SIZE);
        Tensor out = output(TOKENS, HEADS, SIZE);
        Tensor statistics = output(TOKENS, HEADS, 2);
        backend.attention().forward(q, k, v, starts, 0.7, out, statistics);
        backend.attention().backward(values(TOKENS, HEADS, SIZE), q, k, v, out, statistics, starts, 0.7,
                output(TOKENS, HEADS, SIZE), output(TOKENS, GROUPS, SIZE), output(TOKENS, GROUPS, SIZE));
        Tensor keyPages = output(2, GROUPS, SIZE, Backend.LANES);
        Tensor valuePages = output(2, GROUPS, Backend.LANES, SIZE);
        Tensor slots = scope.of(java.util.stream.IntStream.range(0, TOKENS).toArray(), TOKENS);
        backend.attention().writePages(k, v, slots, keyPages, valuePages);
        backend.attention().forwardPaged(q, keyPages, valuePages, slots, scope.of(new int[TOKENS], TOKENS),
                scope.of(new int[] {0, 1}, 1, 2), 0.7, output(TOKENS, HEADS, SIZE));
    }

    private void head() {
        Tensor hidden = values(TOKENS, WIDTH);
        PackedMatrix weight = backend.matmul().pack(values(WORDS, WIDTH), DType.F32, scope);
        Tensor targets = integers(TOKENS, WORDS);
        Tensor entropy = output(TOKENS);
        Tensor lse = output(TOKENS);
        backend.heads().logProbs(hidden, weight, targets, 0.8, output(TOKENS), entropy, lse);
        backend.heads().logProbsBackward(hidden, weight, targets, 0.8, entropy, lse, values(TOKENS), values(TOKENS),
                output(TOKENS, WIDTH), output(WORDS, WIDTH));
        Tensor uniforms = scope.allocate(DType.F64, TOKENS);
        for (int i = 0; i < TOKENS; i++) {
            uniforms.set(i, random.nextDouble());
        }
        Tensor tokens = integers(TOKENS, WORDS);
        outputs.add(tokens);
        backend.heads().sample(hidden, weight, SamplingLaw.ofTemperature(0.8), uniforms, tokens, output(TOKENS));
    }

    private void elements() {
        int count = 83;
        Tensor x = values(count);
        Tensor y = values(count);
        for (ElementwiseKernels.Unary f : ElementwiseKernels.Unary.values()) {
            backend.elementwise().unary(f, x, output(count));
        }
        for (ElementwiseKernels.Binary f : ElementwiseKernels.Binary.values()) {
            backend.elementwise().binary(f, x, y, output(count));
        }
        backend.elementwise().affine(x, 0.3, 0.1, output(count));
        backend.elementwise().addScaled(0.3, x, output(count));
        backend.elementwise().clamp(x, -0.3, 0.4, output(count));
        Tensor half = scope.allocate(DType.BF16, count);
        backend.elementwise().convert(x, half);
        backend.elementwise().convert(half, output(count));
        Tensor chunks = values(2 * Backend.CHUNK + count);
        backend.elementwise().sum(chunks, output(1));
        backend.elementwise().swiGlu(x, y, output(count));
        backend.elementwise().swiGluBackward(values(count), x, y, output(count), output(count));
        Tensor squares = output(count);
        backend.elementwise().unary(ElementwiseKernels.Unary.SQUARE, squares, squares);
        backend.optimizer().adamW(output(count), x, output(count), squares,
                new OptimizerKernels.AdamW(1e-2, 0.9, 0.95, 1e-8, 0.1, 3, 0.7));
        outputs.add(scope.of(new double[] {backend.optimizer().squaredNorm(chunks)}, 1));
    }

    /// All outputs' bits, one NaN being like another.
    private long value() {
        long digest = 17;
        for (Tensor tensor : outputs) {
            for (long i = 0; i < tensor.elements(); i++) {
                digest = digest * 31 + Double.doubleToLongBits(tensor.get(i));
                digest ^= digest >>> 29;
            }
        }
        return digest;
    }
}
