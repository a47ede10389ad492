package org.flowrl.gpu;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Recorder;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Times products and kernels on a card, many runs of each between two waits, and prints a table, each beside the
/// ceiling that it runs against: the speed of a copy or of the plain product. Started by `run-on-gpu.sh`; with the
/// argument `small` it goes through the same motions at sizes that the emulated card can do.
final class CardSpeeds implements AutoCloseable {
    private static final int WARM_UPS = 3;
    /// Between two waits, so that what a wait costs the host is a small part of each run.
    private static final int RUNS = 10;
    private static final int ROUNDS = 5;
    private static final double NANO = 1e-9;
    private static final long RANDOM_NUMBERS = 1 << 20;

    private final CudaBackend backend = new CudaBackend(CudaBinding.open(), 0);
    private final CudaDevice device = backend.card().device();
    private final CudaApi api = device.enter();
    /// Every size is divided by it.
    private final int divisor;

    private CardSpeeds(int divisor) {
        this.divisor = divisor;
    }

    /// @param arguments nothing, or `small`
    public static void main(String[] arguments) {
        int divisor = Arrays.asList(arguments).contains("small") ? 64 : 1;
        try (CardSpeeds speeds = new CardSpeeds(divisor)) {
            System.out.println("card: " + speeds.backend.description());
            System.out.println("| piece | milliseconds | rate | of ceiling |");
            System.out.println("|---|---|---|---|");
            speeds.measure();
        }
    }

    /// Numbers of variance 1: a card does less with zeros, and faster.
    private Tensor random(Scope scope, long... dims) {
        Tensor tensor = scope.allocate(DType.F32, dims);
        Tensor flat = tensor.reshape(tensor.elements());
        float[] numbers = new float[(int) Math.min(RANDOM_NUMBERS, tensor.elements())];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        Tensor piece = scope.of(numbers, numbers.length);
        for (long at = 0; at < flat.elements(); at += numbers.length) {
            flat.copyRows(at, piece, 0, Math.min(numbers.length, flat.elements() - at));
        }
        return tensor;
    }

    private int size(int full) {
        return Math.max(1, full / divisor);
    }

    /// Milliseconds of a run in the median round.
    private double milliseconds(Runnable work) {
        run(work, WARM_UPS);
        double[] times = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            run(work, RUNS);
            times[round] = (System.nanoTime() - start) * 1e-6 / RUNS;
        }
        Arrays.sort(times);
        return times[ROUNDS / 2];
    }

    private void run(Runnable work, int times) {
        for (int i = 0; i < times; i++) {
            work.run();
        }
        device.synchronize();
    }

    /// Prints a row and returns the rate.
    ///
    /// @param amount bytes or floating-point operations
    /// @param ceiling the rate that is to be reached, 0 where the row is a ceiling itself
    private double row(String piece, String unit, double amount, double ceiling, Runnable work) {
        double milliseconds = milliseconds(work);
        double rate = amount / (milliseconds * 1e-3);
        System.out.printf(Locale.ROOT, "| %s | %.3f | %.1f G%s/s | %s |%n", piece, milliseconds, rate * NANO, unit,
                ceiling == 0 ? "" : "%.0f %%".formatted(100 * rate / ceiling));
        return rate;
    }

    /// Prints all rows.
    private void measure() {
        double copy;
        try (Scope scope = Scope.root("speeds", backend.memory())) {
            long count = size(128 << 20);
            Tensor from = random(scope, count);
            Tensor to = scope.allocate(DType.F32, count);
            copy = row("copy " + (from.bytes() >> 20) + " MiB", "B", 2.0 * from.bytes(), 0, () -> to.copyFrom(from));
        }
        double product = products();
        rowKernels(copy);
        optimizer(copy);
        attention(product, DType.BF16);
        head(product);
        decode(copy, size(64), size(1024));
        decode(copy, 1, size(32_768));
        launches();
        attention(product, DType.F32);
    }

    /// Products of a weight held as BF16 and as F32; the rate of the plain BF16 product.
    private double products() {
        double best = 0;
        int[][] shapes = {{8192, 8192, 8192}, {8192, 896, 4864}, {8192, 4864, 896}, {8192, 3584, 18944}};
        for (int[] shape : shapes) {
            int m = size(shape[0]);
            int k = size(shape[1]);
            int n = size(shape[2]);
            double operations = 2.0 * m * k * n;
            try (Scope scope = Scope.root("speeds", backend.memory())) {
                Tensor x = scope.allocate(DType.BF16, m, k);
                Tensor wide = random(scope, m, k);
                backend.elementwise().convert(wide, x);
                Tensor y = scope.allocate(DType.F32, m, n);
                PackedMatrix w = backend.matmul().pack(random(scope, n, k), DType.BF16, scope);
                Tensor weights = CudaMatmul.Packed.of("speeds", w).values();
                best = Math.max(best, row("cuBLAS BF16 " + m + " x " + k + " x " + n, "FLOP", operations, 0, () ->
                        api.gemm(device.blas(), true, false, n, m, k, weights.address(), k, x.address(), k,
                                CudaApi.BF16, 1, false, y.address(), n)));
                Tensor dw = random(scope, n, k);
                row("forward BF16", "FLOP", operations, best, () -> backend.matmul().forward(wide, w, null, y));
                row("inputGradient BF16", "FLOP", operations, best, () ->
                        backend.matmul().inputGradient(y, w, wide, false));
                row("weightGradient BF16", "FLOP", operations, best, () ->
                        backend.matmul().gradients(y, wide, w, null, dw, null));
            }
        }
        return best;
    }

    private void rowKernels(double copy) {
        int rows = size(16_384);
        int columns = size(4864);
        try (Scope scope = Scope.root("speeds", backend.memory())) {
            Tensor x = random(scope, rows, columns);
            Tensor y = random(scope, rows, columns);
            Tensor z = random(scope, rows, columns);
            Tensor weight = random(scope, columns);
            Tensor inverse = random(scope, rows);
            row("rmsNorm", "B", 2.0 * x.bytes(), copy, () -> backend.rows().rmsNorm(x, weight, 1e-6, y, inverse));
            row("rmsNormBackward", "B", 5.0 * x.bytes(), copy, () ->
                    backend.rows().rmsNormBackward(y, x, weight, inverse, z, weight));
            row("swiGlu", "B", 3.0 * x.bytes(), copy, () -> backend.elementwise().swiGlu(x, y, z));
            row("swiGluBackward", "B", 5.0 * x.bytes(), copy, () ->
                    backend.elementwise().swiGluBackward(z, x, y, x, y));
        }
    }

    private void optimizer(double copy) {
        try (Scope scope = Scope.root("speeds", backend.memory())) {
            long count = size(128 << 20);
            Tensor w = random(scope, count);
            Tensor g = random(scope, count);
            Tensor m = random(scope, count);
            Tensor v = random(scope, count);
            backend.elementwise().unary(ElementwiseKernels.Unary.SQUARE, v, v);
            OptimizerKernels.AdamW settings = new OptimizerKernels.AdamW(1e-3, 0.9, 0.95, 1e-8, 0.01, 1, 1);
            row("adamW", "B", 7.0 * w.bytes(), copy, () -> backend.optimizer().adamW(w, g, m, v, settings));
            Tensor narrowM = scope.zeros(DType.BF16, count);
            Tensor narrowV = scope.zeros(DType.BF16, count);
            row("adamW, moments BF16", "B", 5.0 * w.bytes(), copy, () ->
                    backend.optimizer().adamW(w, g, narrowM, narrowV, settings));
            row("squaredNorm", "B", w.bytes(), copy, () -> backend.optimizer().squaredNorm(g));
        }
    }

    /// Attention with heads of Qwen2.5-7B's size and of the 0.5B's, beside weights of a type.
    private void attention(double product, DType storage) {
        attention(product, storage, 16, 2, 128);
        attention(product, storage, 14, 2, 64);
        prompts(product, storage, 4, size(1024));
    }

    /// New tokens of several sequences over a cache that holds nothing but them: half of the squares counts.
    private void prompts(double product, DType storage, int sequences, int length) {
        int pages = Math.ceilDiv(length, Backend.LANES);
        int heads = 16;
        int groups = 2;
        int e = 128;
        try (Scope scope = Scope.root("speeds", backend.memory())) {
            Tensor q = random(scope, (long) sequences * length, heads, e);
            Tensor keys = random(scope, (long) sequences * pages, groups, e, Backend.LANES);
            Tensor values = random(scope, (long) sequences * pages, groups, Backend.LANES, e);
            int[] table = new int[sequences * pages];
            int[] rows = new int[sequences * length];
            int[] positions = new int[sequences * length];
            Arrays.setAll(table, i -> i);
            Arrays.setAll(rows, i -> i / length);
            Arrays.setAll(positions, i -> i % length);
            Tensor pageTable = scope.of(table, sequences, pages);
            Tensor places = scope.of(positions, positions.length);
            Tensor owners = scope.of(rows, rows.length);
            Tensor out = scope.allocate(DType.F32, (long) sequences * length, heads, e);
            row("prompts, %d x %d tokens, %d heads of %d, %s".formatted(sequences, length, heads, e, storage), "FLOP",
                    4.0 * sequences * length * length * heads * e / 2, product, () -> backend.attention(storage)
                            .forwardPaged(q, keys, values, places, owners, pageTable, 1 / Math.sqrt(e), out));
        }
    }

    /// Causal attention over one sequence: half of the square counts, and the five products of the backward pass as
    /// two and a half times the two of the forward pass.
    private void attention(double product, DType storage, int heads, int groups, int e) {
        int n = size(4096);
        try (Scope scope = Scope.root("speeds", backend.memory())) {
            Tensor q = random(scope, n, heads, e);
            Tensor k = random(scope, n, groups, e);
            Tensor v = random(scope, n, groups, e);
            Tensor out = scope.allocate(DType.F32, n, heads, e);
            Tensor statistics = scope.allocate(DType.F32, n, heads, 2);
            Tensor starts = scope.of(new int[] {0, n}, 2);
            Tensor dq = scope.allocate(DType.F32, n, heads, e);
            Tensor dk = scope.allocate(DType.F32, n, groups, e);
            Tensor dv = scope.allocate(DType.F32, n, groups, e);
            double operations = 4.0 * n * n * heads * e / 2;
            String shape = ", %d tokens, %d heads of %d, %s".formatted(n, heads, e, storage);
            AttentionKernels kernels = backend.attention(storage);
            row("attention forward" + shape, "FLOP", operations, product, () ->
                    kernels.forward(q, k, v, starts, 1 / Math.sqrt(e), out, statistics));
            row("attention backward" + shape, "FLOP", 2.5 * operations, product, () ->
                    kernels.backward(out, q, k, v, out, statistics, starts, 1 / Math.sqrt(e), dq, dk, dv));
        }
    }

    /// The product of one range of the head's logits, over and over: what its kernels are to be measured by.
    private void products(double product, Scope scope, int rows, int d, int words) {
        Tensor x = scope.allocate(DType.BF16, rows, d);
        Tensor w = scope.allocate(DType.BF16, words, d);
        backend.elementwise().convert(random(scope, rows, d), x);
        backend.elementwise().convert(random(scope, words, d), w);
        Tensor logits = scope.allocate(DType.F32, rows, words);
        row("cuBLAS BF16 %d x %d x %d, of a range of logits".formatted(rows, d, words), "FLOP",
                2.0 * rows * d * words, product, () -> api.gemm(device.blas(), true, false, words, rows, d,
                        w.address(), d, x.address(), d, CudaApi.BF16, 1, false, logits.address(), words));
    }

    private void head(double product) {
        int n = size(2048);
        int d = size(896);
        int words = size(151_936);
        try (Scope scope = Scope.root("speeds", backend.memory())) {
            Tensor hidden = random(scope, n, d);
            PackedMatrix weight = backend.matmul().pack(random(scope, words, d), DType.BF16, scope);
            Tensor targets = scope.zeros(DType.I32, n);
            Tensor logProb = scope.allocate(DType.F32, n);
            Tensor entropy = scope.allocate(DType.F32, n);
            Tensor lse = scope.allocate(DType.F32, n);
            Tensor dhidden = scope.allocate(DType.F32, n, d);
            Tensor dweight = random(scope, words, d);
            double operations = 2.0 * n * d * words;
            products(product, scope, n, d, Math.min(words, 4096));
            row("logProbs", "FLOP", operations, product, () ->
                    backend.heads().logProbs(hidden, weight, targets, 1, logProb, entropy, lse));
            row("logProbsBackward", "FLOP", 3 * operations, product, () -> backend.heads().logProbsBackward(hidden,
                    weight, targets, 1, entropy, lse, logProb, null, dhidden, dweight));
            Tensor uniforms = scope.zeros(DType.F64, n);
            Tensor tokens = scope.allocate(DType.I32, n);
            int drawn = Math.min(n, 64);
            for (SamplingLaw law : List.of(SamplingLaw.ofTemperature(1), SamplingLaw.greedy(),
                    new SamplingLaw(1, 20, 1), new SamplingLaw(0.6, 0, 0.95), new SamplingLaw(0.7, 20, 0.8))) {
                row("sample %d words, temperature %s, top-k %d, top-p %s".formatted(drawn, law.temperature(),
                        law.topK(), law.topP()), "FLOP", operations * drawn / n, product, () -> backend.heads().sample(
                        hidden.slice(0, drawn), weight, law, uniforms.slice(0, drawn), tokens.slice(0, drawn),
                        logProb.slice(0, drawn)));
            }
        }
    }

    /// One token of each of `sequences` with so many cached tokens: the cache is read once.
    private void decode(double copy, int sequences, int cached) {
        int pages = Math.ceilDiv(cached, Backend.LANES);
        int heads = 14;
        int groups = 2;
        int e = 64;
        try (Scope scope = Scope.root("speeds", backend.memory())) {
            Tensor q = random(scope, sequences, heads, e);
            Tensor keys = random(scope, (long) sequences * pages, groups, e, Backend.LANES);
            Tensor values = random(scope, (long) sequences * pages, groups, Backend.LANES, e);
            int[] table = new int[sequences * pages];
            int[] rows = new int[sequences];
            int[] positions = new int[sequences];
            Arrays.setAll(table, i -> i);
            Arrays.setAll(rows, i -> i);
            Arrays.fill(positions, pages * Backend.LANES - 1);
            Tensor pageTable = scope.of(table, sequences, pages);
            Tensor places = scope.of(positions, sequences);
            Tensor owners = scope.of(rows, sequences);
            Tensor out = scope.allocate(DType.F32, sequences, heads, e);
            row("decode attention, " + sequences + " x " + pages * Backend.LANES + " tokens", "B",
                    2.0 * keys.bytes(), copy, () -> backend.attention().forwardPaged(q, keys, values, places, owners,
                            pageTable, 0.1, out));
        }
    }

    /// Kernels too short to hide their launch, as in a decoding step, one by one and recorded.
    private void launches() {
        int kernels = 200;
        try (Scope scope = Scope.root("speeds", backend.memory())) {
            Tensor x = random(scope, 64, 896);
            Runnable work = () -> {
                for (int i = 0; i < kernels; i++) {
                    backend.elementwise().affine(x, 1, 0, x);
                }
            };
            launches("one by one", kernels, work);
            Optional<Recorder> recorder = backend.recorder();
            if (recorder.isPresent()) {
                try (Recorder.Recording recording = recorder.get().record(work)) {
                    launches("recorded", kernels, recording::run);
                }
            }
        }
    }

    private void launches(String how, int kernels, Runnable work) {
        double milliseconds = milliseconds(work);
        System.out.printf(Locale.ROOT, "| %d short kernels, %s | %.3f | %.2f us each | |%n", kernels, how, milliseconds,
                1e3 * milliseconds / kernels);
    }

    @Override
    public void close() {
        backend.close();
    }
}
