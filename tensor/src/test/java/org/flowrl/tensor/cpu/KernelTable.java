package org.flowrl.tensor.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.flowrl.tensor.contract.Paging;

/// Every kernel of a backend with its inputs and outputs, ready to be called again and again: what runs in the fresh
/// JVMs that check bits ({@link VectorDigest}) and speeds ({@link KernelSpeeds}).
///
/// {@link KernelCallsTest} fails where a kernel has no entry.
final class KernelTable {
    /// Rows of a matrix product, beside {@link Sizes#tokens}: one row streams panels, few rows have tiles of their own.
    private static final int[] FEW_ROWS = {1, 2, 3, 5, 8, 11};
    private static final DType[] STORAGES = {DType.F32, DType.BF16};
    private static final DType[] TYPES = {DType.F64, DType.F32, DType.BF16, DType.F16};
    private static final double EPS = 1e-6;
    /// Rows of dy that are a multiple of 4096 bytes apart, which gradients copy.
    private static final int COLLIDING = 1024;

    /// One kernel call.
    ///
    /// @param name the kernel and what is special about the call, such as `matmul.forward BF16 M=1`
    /// @param outputs what the call overwrites or adds to
    record Entry(String name, Runnable call, List<Tensor> outputs) {
    }

    /// How large the tensors are.
    ///
    /// @param tokens rows of matrices
    /// @param inputs, outputs of matrix products of several rows
    /// @param rowInputs, rowOutputs of matrix products of one row; enough outputs for it to stream panels
    /// @param width of rows of norms
    /// @param lengths of attention's sequences
    /// @param heads, groups, headSize of attention
    /// @param words of vocabularies
    /// @param elements of flat tensors
    record Sizes(int tokens, int inputs, int outputs, int rowInputs, int rowOutputs, int width, int[] lengths,
            int heads, int groups, int headSize, int words, int elements) {
        /// Odd, so that every tail and edge tile of every vector length is met, and small enough for the interpreter.
        static final Sizes SMALL = new Sizes(19, 270, 37, 94, 310, 164, new int[] {2, 1, 4, 3, 17}, 2, 1, 82, 37, 83);
        /// Some microseconds to some hundred for each compiled call, in the second-level cache, and short enough to
        /// be called hundreds of times before it is compiled. Rows are no multiple of a page long: where they are,
        /// loads from one tensor are taken for loads of what has just been stored to another if the two happen to lie
        /// so, and kernels take twice their time in some JVMs whatever the JIT does.
        static final Sizes LARGE = new Sizes(24, 256, 256, 256, 256, 2000, new int[] {33, 20, 45}, 4, 2, 64, 300,
                8192);
    }

    /// A head whose halves are shorter than the widest vector.
    private static final int SHORT_HEAD = 16;

    private final Backend backend;
    private final Inputs in;
    private final Sizes sizes;
    private final List<Entry> entries = new ArrayList<>();

    private KernelTable(Backend backend, Inputs in, Sizes sizes) {
        this.backend = backend;
        this.in = in;
        this.sizes = sizes;
    }

    /// All entries, their tensors in `scope`, the same numbers on every backend.
    static List<Entry> of(Backend backend, Scope scope, Sizes sizes) {
        KernelTable table = new KernelTable(backend, new Inputs(scope, DType.F32, Inputs.Range.NORMAL, 7), sizes);
        table.addProducts();
        table.addCollidingGradients();
        table.addNorms();
        table.addRows();
        table.addAttention();
        table.addHeads();
        table.addElementwise();
        table.addConversions();
        table.addFusedElementwise();
        table.addOptimizer();
        return table.entries;
    }

    private void add(String name, Runnable call, Tensor... outputs) {
        entries.add(new Entry(name, call, List.of(outputs)));
    }

    private void addProducts() {
        for (DType storage : STORAGES) {
            Tensor weight = in.ordinary(sizes.outputs, sizes.inputs);
            PackedMatrix packed = backend.matmul().pack(weight, storage, in.scope());
            add("matmul.pack " + storage, () -> {
                try (Scope scope = in.scope().child("pack")) {
                    backend.matmul().pack(weight, storage, scope);
                }
            });
            add("matmul.repack " + storage, () -> backend.matmul().repack(weight, packed));
            for (int rows : FEW_ROWS) {
                addProduct(storage, rows, rows == 1 ? sizes.rowInputs : sizes.inputs,
                        rows == 1 ? sizes.rowOutputs : sizes.outputs);
            }
            addProduct(storage, sizes.tokens, sizes.inputs, sizes.outputs);
        }
        for (int rows : new int[] {1, 8, sizes.tokens}) {
            Tensor dw = in.ordinary(sizes.outputs, sizes.inputs);
            Tensor x = in.ordinary(rows, sizes.inputs);
            Tensor dy = in.ordinary(rows, sizes.outputs);
            add("matmul.weightGradient M=" + rows, () -> backend.matmul().weightGradient(dy, x, dw), dw);
            Tensor db = in.ordinary(sizes.outputs);
            add("matmul.biasGradient M=" + rows, () -> backend.matmul().biasGradient(dy, db), db);
        }
    }

    private void addProduct(DType storage, int rows, int inputs, int outputs) {
        String what = " " + storage + " M=" + rows;
        PackedMatrix weight = backend.matmul().pack(in.ordinary(outputs, inputs), storage, in.scope());
        Tensor x = in.ordinary(rows, inputs);
        Tensor bias = in.ordinary(outputs);
        Tensor y = in.junk(rows, outputs);
        add("matmul.forward" + what, () -> backend.matmul().forward(x, weight, bias, y), y);
        Tensor dy = in.ordinary(rows, outputs);
        Tensor dx = in.junk(rows, inputs);
        add("matmul.inputGradient" + what, () -> backend.matmul().inputGradient(dy, weight, dx, false), dx);
        if (rows == sizes.tokens) {
            Tensor sum = in.ordinary(rows, inputs);
            add("matmul.inputGradient add" + what, () -> backend.matmul().inputGradient(dy, weight, sum, true), sum);
        }
    }

    private void addCollidingGradients() {
        Tensor dy = in.ordinary(sizes.tokens, COLLIDING);
        Tensor x = in.ordinary(sizes.tokens, sizes.rowInputs);
        Tensor dw = in.ordinary(COLLIDING, sizes.rowInputs);
        add("matmul.weightGradient colliding", () -> backend.matmul().weightGradient(dy, x, dw), dw);
        PackedMatrix weight = backend.matmul().pack(in.ordinary(COLLIDING, sizes.rowInputs), DType.F32, in.scope());
        Tensor dx = in.junk(sizes.tokens, sizes.rowInputs);
        add("matmul.inputGradient colliding", () -> backend.matmul().inputGradient(dy, weight, dx, false), dx);
    }

    private void addNorms() {
        int rows = sizes.tokens;
        int width = sizes.width;
        Tensor x = in.ordinary(rows, width);
        Tensor dy = in.ordinary(rows, width);
        Tensor weight = in.ordinary(width);
        Tensor shift = in.ordinary(width);
        Tensor inverse = in.positive(rows);
        Tensor mean = in.ordinary(rows);
        Tensor[] out = {in.junk(rows, width), in.junk(rows), in.junk(rows), in.junk(rows, width), in.ordinary(width),
            in.ordinary(width), in.junk(rows, width), in.junk(rows), in.junk(rows, width), in.ordinary(width)};
        add("rows.layerNorm", () -> backend.rows().layerNorm(x, weight, shift, EPS, out[0], out[1], out[2]),
                out[0], out[1], out[2]);
        add("rows.layerNormBackward", () -> backend.rows().layerNormBackward(dy, x, weight, mean, inverse, out[3],
                out[4], out[5]), out[3], out[4], out[5]);
        add("rows.rmsNorm", () -> backend.rows().rmsNorm(x, weight, EPS, out[6], out[7]), out[6], out[7]);
        add("rows.rmsNormBackward", () -> backend.rows().rmsNormBackward(dy, x, weight, inverse, out[8], out[9]),
                out[8], out[9]);
    }

    private void addRows() {
        int rows = sizes.tokens;
        int width = sizes.width;
        Tensor ids = in.indices(sizes.words, rows);
        Tensor table = in.ordinary(sizes.words, width);
        Tensor x = in.ordinary(rows, width);
        Tensor gathered = in.junk(rows, width);
        add("rows.gather", () -> backend.rows().gather(table, ids, gathered), gathered);
        Tensor dtable = in.ordinary(sizes.words, width);
        add("rows.scatterAdd", () -> backend.rows().scatterAdd(x, ids, dtable), dtable);
        Tensor starts = in.integers(0, rows / 3, rows / 3, rows);
        Tensor sums = in.junk(3, width);
        add("rows.segmentSum", () -> backend.rows().segmentSum(x, starts, sums), sums);
        Tensor few = in.ordinary(3, width);
        Tensor copies = in.junk(rows, width);
        add("rows.segmentBroadcast", () -> backend.rows().segmentBroadcast(few, starts, copies), copies);
        addRope(rows, sizes.headSize);
        addRope(rows, SHORT_HEAD);
    }

    private void addRope(int rows, int headSize) {
        Tensor heads = in.ordinary(rows, sizes.heads, headSize);
        Tensor positions = in.indices(rows, rows);
        Tensor cos = in.ordinary(rows, headSize / 2);
        Tensor sin = in.ordinary(rows, headSize / 2);
        for (boolean inverse : new boolean[] {false, true}) {
            Tensor out = in.junk(rows, sizes.heads, headSize);
            add("rows.rope" + (inverse ? " inverse" : "") + " E=" + headSize,
                    () -> backend.rows().rope(heads, positions, cos, sin, inverse, out), out);
        }
    }

    private void addAttention() {
        int e = sizes.headSize;
        double scale = 1 / Math.sqrt(e);
        int[] bounds = new int[sizes.lengths.length + 1];
        for (int b = 0; b < sizes.lengths.length; b++) {
            bounds[b + 1] = bounds[b] + sizes.lengths[b];
        }
        int n = bounds[sizes.lengths.length];
        Tensor starts = in.integers(bounds);
        Tensor q = in.ordinary(n, sizes.heads, e);
        Tensor k = in.ordinary(n, sizes.groups, e);
        Tensor v = in.ordinary(n, sizes.groups, e);
        Tensor out = in.junk(n, sizes.heads, e);
        Tensor statistics = in.junk(n, sizes.heads, 2);
        add("attention.forward", () -> backend.attention().forward(q, k, v, starts, scale, out, statistics), out,
                statistics);
        Tensor dout = in.ordinary(n, sizes.heads, e);
        Tensor attended = in.ordinary(n, sizes.heads, e);
        Tensor maximumAndInverse = in.positive(n, sizes.heads, 2);
        Tensor dq = in.junk(n, sizes.heads, e);
        Tensor dk = in.junk(n, sizes.groups, e);
        Tensor dv = in.junk(n, sizes.groups, e);
        add("attention.backward", () -> backend.attention().backward(dout, q, k, v, attended, maximumAndInverse,
                starts, scale, dq, dk, dv), dq, dk, dv);
        addCache(q, k, v, scale);
    }

    private void addCache(Tensor q, Tensor k, Tensor v, double scale) {
        Paging paging = Paging.of(in, 1, sizes.lengths);
        int e = sizes.headSize;
        Tensor written = in.ordinary(paging.pages(), sizes.groups, e, Backend.LANES);
        Tensor writtenValues = in.ordinary(paging.pages(), sizes.groups, Backend.LANES, e);
        add("attention.writePages", () -> backend.attention().writePages(k, v, paging.slots(), written, writtenValues),
                written, writtenValues);
        Tensor keys = in.ordinary(paging.pages(), sizes.groups, e, Backend.LANES);
        Tensor values = in.ordinary(paging.pages(), sizes.groups, Backend.LANES, e);
        Tensor out = in.junk(q.dim(0), sizes.heads, e);
        add("attention.forwardPaged", () -> backend.attention().forwardPaged(q, keys, values, paging.positions(),
                paging.sequences(), paging.table(), scale, out), out);
    }

    private void addHeads() {
        int rows = sizes.tokens;
        int width = sizes.width;
        // Logits of variance 1.
        double temperature = Math.sqrt(width);
        for (DType storage : STORAGES) {
            Tensor hidden = in.ordinary(rows, width);
            PackedMatrix weight = backend.matmul().pack(in.ordinary(sizes.words, width), storage, in.scope());
            Tensor targets = in.indices(sizes.words, rows);
            Tensor logProb = in.junk(rows);
            Tensor entropy = in.junk(rows);
            Tensor lse = in.junk(rows);
            add("heads.logProbs " + storage, () -> backend.heads().logProbs(hidden, weight, targets, temperature,
                    logProb, entropy, lse), logProb, entropy, lse);
            Tensor entropies = in.positive(rows);
            Tensor sums = in.positive(rows);
            Tensor dLogProb = in.ordinary(rows);
            // With and without a gradient of the entropy.
            Tensor dEntropy = storage == DType.BF16 ? in.ordinary(rows) : null;
            Tensor dhidden = in.junk(rows, width);
            Tensor dweight = in.ordinary(sizes.words, width);
            add("heads.logProbsBackward " + storage, () -> backend.heads().logProbsBackward(hidden, weight, targets,
                    temperature, entropies, sums, dLogProb, dEntropy, dhidden, dweight), dhidden, dweight);
        }
        addSamplers(temperature);
    }

    private void addSamplers(double temperature) {
        Tensor rows = in.ordinary(sizes.tokens, sizes.width);
        Tensor uniforms = in.uniforms(sizes.tokens);
        PackedMatrix weight = backend.matmul().pack(in.ordinary(sizes.words, sizes.width), DType.F32, in.scope());
        for (SamplingLaw law : List.of(SamplingLaw.ofTemperature(temperature), SamplingLaw.greedy(),
                new SamplingLaw(temperature, 50, 0.9))) {
            Tensor tokens = in.integers(new int[sizes.tokens]);
            Tensor logProb = in.junk(sizes.tokens);
            String what = law.topK() > 0 ? "truncated" : law.temperature() == 0 ? "greedy" : "full";
            add("heads.sample " + what, () -> backend.heads().sample(rows, weight, law, uniforms, tokens, logProb),
                    tokens, logProb);
        }
    }

    private void addElementwise() {
        int count = sizes.elements;
        Tensor x = in.ordinary(count);
        Tensor y = in.ordinary(count);
        for (ElementwiseKernels.Unary f : ElementwiseKernels.Unary.values()) {
            Tensor out = in.junk(count);
            add("elementwise.unary " + f, () -> backend.elementwise().unary(f, x, out), out);
        }
        for (ElementwiseKernels.Binary f : ElementwiseKernels.Binary.values()) {
            Tensor out = in.junk(count);
            add("elementwise.binary " + f, () -> backend.elementwise().binary(f, x, y, out), out);
        }
        Tensor[] out = {in.junk(count), in.ordinary(count), in.junk(count), in.junk(count), in.junk(1),
            in.junk(count)};
        add("elementwise.affine", () -> backend.elementwise().affine(x, 0.3, 0.1, out[0]), out[0]);
        add("elementwise.addScaled", () -> backend.elementwise().addScaled(0.3, x, out[1]), out[1]);
        add("elementwise.clamp", () -> backend.elementwise().clamp(x, -0.3, 0.4, out[2]), out[2]);
        add("elementwise.fill", () -> backend.elementwise().fill(out[3], 0.1), out[3]);
        Tensor chunks = in.ordinary(2 * Backend.CHUNK + count);
        add("elementwise.sum", () -> backend.elementwise().sum(chunks, out[4]), out[4]);
        add("elementwise.dropoutMask", () -> backend.elementwise().dropoutMask(RandomKey.of(5), 0.7, out[5]), out[5]);
    }

    private void addConversions() {
        for (DType type : TYPES) {
            Tensor x = in.ordinary(sizes.elements);
            Tensor other = in.scope().zeros(type, sizes.elements);
            backend.elementwise().convert(in.ordinary(sizes.elements), other);
            Tensor to = in.scope().zeros(type, sizes.elements);
            Tensor back = in.junk(sizes.elements);
            add("elementwise.convert F32 to " + type, () -> backend.elementwise().convert(x, to), to);
            if (type != DType.F32) {
                add("elementwise.convert " + type + " to F32", () -> backend.elementwise().convert(other, back), back);
            }
        }
    }

    private void addFusedElementwise() {
        int count = sizes.elements;
        Tensor gate = in.ordinary(count);
        Tensor up = in.ordinary(count);
        Tensor dout = in.ordinary(count);
        Tensor out = in.junk(count);
        Tensor dgate = in.junk(count);
        Tensor dup = in.junk(count);
        add("elementwise.swiGlu", () -> backend.elementwise().swiGlu(gate, up, out), out);
        add("elementwise.swiGluBackward", () -> backend.elementwise().swiGluBackward(dout, gate, up, dgate, dup),
                dgate, dup);
    }

    private void addOptimizer() {
        Tensor w = in.ordinary(sizes.elements);
        Tensor gradient = in.ordinary(sizes.elements);
        Tensor m = in.ordinary(sizes.elements);
        Tensor v = in.positive(sizes.elements);
        OptimizerKernels.AdamW settings = new OptimizerKernels.AdamW(1e-3, 0.9, 0.95, 1e-8, 0.1, 3, 0.7);
        add("optimizer.adamW", () -> backend.optimizer().adamW(w, gradient, m, v, settings), w, m, v);
        Tensor narrowM = in.scope().zeros(DType.BF16, sizes.elements);
        Tensor narrowV = in.scope().zeros(DType.BF16, sizes.elements);
        add("optimizer.adamW BF16", () -> backend.optimizer().adamW(w, gradient, narrowM, narrowV, settings), w,
                narrowM, narrowV);
        Tensor x = in.ordinary(2 * Backend.CHUNK + sizes.elements);
        Tensor norm = in.scope().zeros(DType.F64, 1);
        add("optimizer.squaredNorm", () -> norm.copyFrom(new double[] {backend.optimizer().squaredNorm(x)}), norm);
    }
}
