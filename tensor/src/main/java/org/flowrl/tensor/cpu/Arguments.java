package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;

/// The argument checks of all backends' kernels: one method per kernel, family before name, with the kernel's
/// parameters. Each throws {@link IllegalArgumentException} naming operation, argument, value and rule, before anything
/// is computed.
public final class Arguments {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private Arguments() {
    }

    /// `tensor` lies in host memory, where CPU kernels can reach it.
    public static void onHost(String operation, Tensor tensor) {
        on(Device.CPU, operation, tensor);
    }

    /// `tensor` lies on the device that computes.
    public static void on(Device device, String operation, Tensor tensor) {
        if (!tensor.device().equals(device)) {
            throw new IllegalArgumentException(operation + ": " + tensor + " lies on " + tensor.device()
                    + ", it must lie on " + device);
        }
    }

    /// `tensor` lies on a backend's device and has the only type that the backend computes in.
    public static void only(DType type, Device device, String backend, String operation, Tensor tensor) {
        on(device, operation, tensor);
        if (tensor.dtype() != type) {
            throw new IllegalArgumentException(operation + ": " + tensor + " must be " + type + ", the type that the "
                    + backend + " backend computes in");
        }
    }

    // Matrix products: M rows, K inputs, N outputs.

    public static void matmulPack(Tensor weight, DType storage) {
        Requirements call = Requirements.of("matmul pack", "weight", weight);
        call.rank("weight", weight, 2, "[N, K]");
        call.condition(storage == weight.dtype() || storage == DType.BF16, "weight", weight,
                "cannot be packed as " + storage + ", only as its own type or BF16");
    }

    public static void matmulRepack(Tensor weight, PackedMatrix packed) {
        Requirements call = Requirements.of("matmul repack", "weight", weight);
        call.packed("packed", packed);
        call.shape("weight", weight, "[N, K] of the packed copy", packed.rows(), packed.columns());
    }

    public static void matmulForward(Tensor x, PackedMatrix w, Tensor bias, Tensor y) {
        Requirements call = Requirements.of("matmul forward", "x", x);
        call.packed("w", w);
        call.rank("x", x, 2, "[M, K]");
        call.shape("x", x, "[M, K] with w [N, K]", x.dim(0), w.columns());
        if (bias != null) {
            call.shape("bias", bias, "[N] of w [N, K]", w.rows());
        }
        call.shape("y", y, "[M, N] of x [M, K] and w [N, K]", x.dim(0), w.rows());
    }

    public static void matmulInputGradient(Tensor dy, PackedMatrix w, Tensor dx) {
        Requirements call = Requirements.of("matmul inputGradient", "dy", dy);
        call.packed("w", w);
        call.rank("dy", dy, 2, "[M, N]");
        call.shape("dy", dy, "[M, N] with w [N, K]", dy.dim(0), w.rows());
        call.shape("dx", dx, "[M, K] of dy [M, N] and w [N, K]", dy.dim(0), w.columns());
    }

    public static void matmulWeightGradient(Tensor dy, Tensor x, Tensor dw) {
        Requirements call = Requirements.of("matmul weightGradient", "dy", dy);
        call.rank("dy", dy, 2, "[M, N]");
        call.rank("x", x, 2, "[M, K]");
        call.shape("x", x, "[M, K] with dy [M, N]", dy.dim(0), x.dim(1));
        call.shape("dw", dw, "[N, K] of dy [M, N] and x [M, K]", dy.dim(1), x.dim(1));
    }

    public static void matmulBiasGradient(Tensor dy, Tensor db) {
        Requirements call = Requirements.of("matmul biasGradient", "dy", dy);
        call.rank("dy", dy, 2, "[M, N]");
        call.shape("db", db, "[N] of dy [M, N]", dy.dim(1));
    }

    // Rows: the last dimension is the row, the others count rows.

    public static void rmsNorm(Tensor x, Tensor weight, double eps, Tensor y, Tensor inverse) {
        Requirements call = rows("rmsNorm", "x", x);
        call.shape("weight", weight, "[D] of x [.., D]", x.dim(-1));
        call.number(eps >= 0, "eps", eps, "must be 0 or more");
        same(call, "y", y, "x", x);
        call.elements("inverse", inverse, "one for each row of x [.., D]", x.shape().rows());
    }

    public static void rmsNormBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dx, Tensor dweight) {
        Requirements call = rows("rmsNormBackward", "x", x);
        same(call, "dy", dy, "x", x);
        call.shape("weight", weight, "[D] of x [.., D]", x.dim(-1));
        call.elements("inverse", inverse, "one for each row of x [.., D]", x.shape().rows());
        same(call, "dx", dx, "x", x);
        call.shape("dweight", dweight, "[D] of x [.., D]", x.dim(-1));
    }

    public static void layerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean,
            Tensor inverse) {
        Requirements call = rows("layerNorm", "x", x);
        call.shape("gamma", gamma, "[D] of x [.., D]", x.dim(-1));
        call.shape("beta", beta, "[D] of x [.., D]", x.dim(-1));
        call.number(eps >= 0, "eps", eps, "must be 0 or more");
        same(call, "y", y, "x", x);
        call.elements("mean", mean, "one for each row of x [.., D]", x.shape().rows());
        call.elements("inverse", inverse, "one for each row of x [.., D]", x.shape().rows());
    }

    public static void layerNormBackward(Tensor dy, Tensor x, Tensor gamma, Tensor mean, Tensor inverse, Tensor dx,
            Tensor dgamma, Tensor dbeta) {
        Requirements call = rows("layerNormBackward", "x", x);
        same(call, "dy", dy, "x", x);
        call.shape("gamma", gamma, "[D] of x [.., D]", x.dim(-1));
        call.elements("mean", mean, "one for each row of x [.., D]", x.shape().rows());
        call.elements("inverse", inverse, "one for each row of x [.., D]", x.shape().rows());
        same(call, "dx", dx, "x", x);
        call.shape("dgamma", dgamma, "[D] of x [.., D]", x.dim(-1));
        call.shape("dbeta", dbeta, "[D] of x [.., D]", x.dim(-1));
    }

    public static void gather(Tensor table, Tensor ids, Tensor out) {
        embedding("gather", "table", table, ids, "out", out);
    }

    public static void scatterAdd(Tensor dout, Tensor ids, Tensor dtable) {
        embedding("scatterAdd", "dtable", dtable, ids, "dout", dout);
    }

    private static void embedding(String operation, String tableName, Tensor table, Tensor ids, String rowsName,
            Tensor rows) {
        Requirements call = Requirements.of(operation, tableName, table);
        call.rank(tableName, table, 2, "[V, D]");
        call.rank("ids", ids, 1, "[N]");
        call.shape(rowsName, rows, "[N, D] of ids [N] and " + tableName + " [V, D]", ids.dim(0), table.dim(1));
        call.indices("ids", ids, "[N]", ids.dim(0), table.dim(0));
    }

    public static void rope(Tensor x, Tensor positions, Tensor cos, Tensor sin, Tensor out) {
        Requirements call = Requirements.of("rope", "x", x);
        call.rank("x", x, 3, "[N, H, E]");
        call.condition(x.dim(2) % 2 == 0, "x", x, "must have an even last dimension, which is split in halves");
        call.rank("cos", cos, 2, "[P, E/2]");
        call.shape("cos", cos, "[P, E/2] of x [N, H, E]", cos.dim(0), x.dim(2) / 2);
        call.shape("sin", sin, "the shape of cos", cos.dim(0), cos.dim(1));
        same(call, "out", out, "x", x);
        call.indices("positions", positions, "[N] of x [N, H, E]", x.dim(0), cos.dim(0));
    }

    public static void segmentSum(Tensor x, Tensor starts, Tensor out) {
        segments("segmentSum", "x", x, starts, "out", out);
    }

    public static void segmentBroadcast(Tensor x, Tensor starts, Tensor out) {
        segments("segmentBroadcast", "out", out, starts, "x", x);
    }

    private static void segments(String operation, String tokensName, Tensor tokens, Tensor starts, String sumsName,
            Tensor sums) {
        Requirements call = Requirements.of(operation, tokensName, tokens);
        boolean matrix = tokens.shape().rank() == 2;
        call.condition(matrix || tokens.shape().rank() == 1, tokensName, tokens, "must be [N, D] or [N]");
        long sequences = call.starts(starts, tokens.dim(0), false);
        if (matrix) {
            call.shape(sumsName, sums, "[B, D] of starts [B + 1] and " + tokensName + " [N, D]", sequences,
                    tokens.dim(1));
        } else {
            call.shape(sumsName, sums, "[B] of starts [B + 1]", sequences);
        }
    }

    // Attention: N tokens, H query heads, G key/value heads, E head size.

    public static void attentionForward(Tensor q, Tensor k, Tensor v, Tensor starts, double scale, Tensor out,
            Tensor statistics) {
        Requirements call = heads("attention forward", q, k, scale);
        same(call, "v", v, "k", k);
        call.starts(starts, q.dim(0), true);
        same(call, "out", out, "q", q);
        call.shape("statistics", statistics, "[N, H, 2] of q [N, H, E]", q.dim(0), q.dim(1), 2);
    }

    public static void attentionBackward(Tensor dout, Tensor q, Tensor k, Tensor v, Tensor out, Tensor statistics,
            Tensor starts, double scale, Tensor dq, Tensor dk, Tensor dv) {
        Requirements call = heads("attention backward", q, k, scale);
        same(call, "dout", dout, "q", q);
        same(call, "v", v, "k", k);
        same(call, "out", out, "q", q);
        call.shape("statistics", statistics, "[N, H, 2] of q [N, H, E]", q.dim(0), q.dim(1), 2);
        call.starts(starts, q.dim(0), true);
        same(call, "dq", dq, "q", q);
        same(call, "dk", dk, "k", k);
        same(call, "dv", dv, "k", k);
    }

    public static void attentionWritePages(Tensor k, Tensor v, Tensor slots, Tensor keyPages, Tensor valuePages) {
        Requirements call = Requirements.of("attention writePages", "k", k);
        call.rank("k", k, 3, "[N, G, E]");
        same(call, "v", v, "k", k);
        long pages = pages(call, keyPages, valuePages, k.dim(1), k.dim(2));
        call.indices("slots", slots, "[N] of k [N, G, E]", k.dim(0), pages * Backend.LANES);
    }

    public static void attentionForwardPaged(Tensor q, Tensor keyPages, Tensor valuePages, Tensor positions,
            Tensor sequences, Tensor pageTable, double scale, Tensor out) {
        Requirements call = Requirements.of("attention forwardPaged", "q", q);
        call.rank("q", q, 3, "[N, H, E]");
        call.rank("keyPages", keyPages, 4, "[P, G, E, " + Backend.LANES + "]");
        headSizes(call, q, keyPages.dim(1), "keyPages", keyPages, scale);
        long pages = pages(call, keyPages, valuePages, keyPages.dim(1), q.dim(2));
        same(call, "out", out, "q", q);
        call.rank("pageTable", pageTable, 2, "[B, pages]");
        call.integers("pageTable", pageTable, "[B, pages]", pageTable.dim(0), pageTable.dim(1));
        call.indices("positions", positions, "[N] of q [N, H, E]", q.dim(0), pageTable.dim(1) * Backend.LANES);
        call.indices("sequences", sequences, "[N] of q [N, H, E]", q.dim(0), pageTable.dim(0));
        if (!call.isOnHost()) {
            return;
        }
        MemorySegment position = positions.segment();
        MemorySegment sequence = sequences.segment();
        MemorySegment table = pageTable.segment();
        for (long n = 0; n < q.dim(0); n++) {
            // Entries beyond the token's own page are not read and may hold anything.
            long first = sequence.get(INT, n * Integer.BYTES) * pageTable.dim(1);
            long last = first + position.get(INT, n * Integer.BYTES) / Backend.LANES;
            for (long entry = first; entry <= last; entry++) {
                call.index("pageTable", entry, table.get(INT, entry * Integer.BYTES), pages);
            }
        }
    }

    private static long pages(Requirements call, Tensor keyPages, Tensor valuePages, long groups, long size) {
        call.rank("keyPages", keyPages, 4, "[P, G, E, " + Backend.LANES + "]");
        long pages = keyPages.dim(0);
        call.shape("keyPages", keyPages, "[P, G, E, LANES]", pages, groups, size, Backend.LANES);
        call.shape("valuePages", valuePages, "[P, G, LANES, E] of keyPages [P, G, E, LANES]", pages, groups,
                Backend.LANES, size);
        return pages;
    }

    private static Requirements heads(String operation, Tensor q, Tensor k, double scale) {
        Requirements call = Requirements.of(operation, "q", q);
        call.rank("q", q, 3, "[N, H, E]");
        call.rank("k", k, 3, "[N, G, E]");
        headSizes(call, q, k.dim(1), "k", k, scale);
        call.shape("k", k, "[N, G, E] with q [N, H, E]", q.dim(0), k.dim(1), q.dim(2));
        return call;
    }

    private static void headSizes(Requirements call, Tensor q, long groups, String name, Tensor k, double scale) {
        call.condition(q.dim(2) <= AttentionKernels.MAX_HEAD_SIZE, "q", q,
                "must have heads of at most " + AttentionKernels.MAX_HEAD_SIZE + " elements");
        call.condition(groups > 0 && q.dim(1) % groups == 0, name, k,
                "must have a number of heads that divides the " + q.dim(1) + " query heads");
        call.number(Double.isFinite(scale), "scale", scale, "must be finite");
    }

    // The head over a vocabulary: N rows, D hidden, V words.

    public static void headsLogProbs(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature,
            Tensor logProb, Tensor entropy, Tensor lse) {
        Requirements call = vocabulary("logProbs", hidden, weight);
        temperature(call, temperature);
        call.shape("logProb", logProb, "[N] of hidden [N, D]", hidden.dim(0));
        call.shape("entropy", entropy, "[N] of hidden [N, D]", hidden.dim(0));
        call.shape("lse", lse, "[N] of hidden [N, D]", hidden.dim(0));
        call.indices("targets", targets, "[N] of hidden [N, D]", hidden.dim(0), weight.rows());
    }

    public static void headsLogProbsBackward(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature,
            Tensor entropy, Tensor lse, Tensor dLogProb, Tensor dEntropy, Tensor dhidden, Tensor dweight) {
        Requirements call = vocabulary("logProbsBackward", hidden, weight);
        temperature(call, temperature);
        call.shape("entropy", entropy, "[N] of hidden [N, D]", hidden.dim(0));
        call.shape("lse", lse, "[N] of hidden [N, D]", hidden.dim(0));
        call.shape("dLogProb", dLogProb, "[N] of hidden [N, D]", hidden.dim(0));
        if (dEntropy != null) {
            call.shape("dEntropy", dEntropy, "[N] of hidden [N, D]", hidden.dim(0));
        }
        same(call, "dhidden", dhidden, "hidden", hidden);
        if (dweight != null) {
            call.shape("dweight", dweight, "[V, D] of weight", weight.rows(), weight.columns());
        }
        call.indices("targets", targets, "[N] of hidden [N, D]", hidden.dim(0), weight.rows());
    }

    public static void headsSample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb) {
        Requirements call = vocabulary("sample", hidden, weight);
        call.number(weight.rows() > 0, "vocabulary", weight.rows(), "must hold at least one word to draw");
        call.type("uniforms", uniforms, DType.F64);
        call.condition(uniforms.shape().is(hidden.dim(0)), "uniforms", uniforms, "must be [N] of hidden [N, D]");
        for (long n = 0; call.isOnHost() && n < hidden.dim(0); n++) {
            double uniform = uniforms.get(n);
            call.number(uniform >= 0 && uniform < 1, "uniforms", uniform, "must be in [0, 1)");
        }
        call.integers("tokens", tokens, "[N] of hidden [N, D]", hidden.dim(0));
        call.shape("logProb", logProb, "[N] of hidden [N, D]", hidden.dim(0));
    }

    private static Requirements vocabulary(String operation, Tensor hidden, PackedMatrix weight) {
        Requirements call = Requirements.of(operation, "hidden", hidden);
        call.packed("weight", weight);
        call.rank("hidden", hidden, 2, "[N, D]");
        call.shape("hidden", hidden, "[N, D] with weight [V, D]", hidden.dim(0), weight.columns());
        return call;
    }

    private static void temperature(Requirements call, double temperature) {
        call.number(temperature > 0 && Double.isFinite(temperature), "temperature", temperature,
                "must be above 0 and finite");
    }

    // Element by element: the same number of elements everywhere, in any shape.

    public static void unary(Tensor x, Tensor y) {
        elementwise("unary", "x", x, "y", y);
    }

    public static void binary(Tensor a, Tensor b, Tensor y) {
        Requirements call = Requirements.of("binary", "a", a);
        call.elements("b", b, "as many as a", a.elements());
        call.elements("y", y, "as many as a", a.elements());
    }

    public static void affine(Tensor x, Tensor y) {
        elementwise("affine", "x", x, "y", y);
    }

    public static void addScaled(Tensor x, Tensor y) {
        elementwise("addScaled", "x", x, "y", y);
    }

    public static void clamp(Tensor x, double low, double high, Tensor y) {
        Requirements call = elementwise("clamp", "x", x, "y", y);
        call.number(low <= high, "low", low, "must be at most high " + high);
    }

    public static void fill(Tensor x) {
        Requirements.of("fill", "x", x);
    }

    public static void sum(Tensor x, Tensor sum) {
        Requirements call = Requirements.of("sum", "x", x);
        call.elements("sum", sum, "the sum of x", 1);
    }

    public static void convert(Tensor from, Tensor to) {
        Requirements.conversion("convert", from, to);
    }

    public static void swiGlu(Tensor gate, Tensor up, Tensor out) {
        Requirements call = elementwise("swiGlu", "gate", gate, "up", up);
        call.elements("out", out, "as many as gate", gate.elements());
    }

    public static void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        Requirements call = elementwise("swiGluBackward", "gate", gate, "up", up);
        call.elements("dout", dout, "as many as gate", gate.elements());
        call.elements("dgate", dgate, "as many as gate", gate.elements());
        call.elements("dup", dup, "as many as gate", gate.elements());
    }

    public static void dropoutMask(double keep, Tensor mask) {
        Requirements call = Requirements.of("dropoutMask", "mask", mask);
        call.number(keep > 0 && keep <= 1, "keep", keep, "must be in (0, 1]");
    }

    private static Requirements elementwise(String operation, String xName, Tensor x, String yName, Tensor y) {
        Requirements call = Requirements.of(operation, xName, x);
        call.elements(yName, y, "as many as the first argument", x.elements());
        return call;
    }

    // Flat parameter arenas.

    public static void adamW(Tensor w, Tensor gradient, Tensor m, Tensor v, long step) {
        Requirements call = Requirements.of("adamW", "w", w);
        call.elements("gradient", gradient, "as many as w", w.elements());
        DType moments = w.dtype() == DType.F32 && m.dtype() == DType.BF16 ? DType.BF16 : w.dtype();
        call.elements("m", m, moments, "as many as w", w.elements());
        call.elements("v", v, moments, "as many as w", w.elements());
        call.number(step >= 1, "step", step, "must be counted from 1");
    }

    public static void squaredNorm(Tensor x) {
        Requirements.of("squaredNorm", "x", x);
    }

    private static Requirements rows(String operation, String name, Tensor x) {
        Requirements call = Requirements.of(operation, name, x);
        call.condition(x.shape().rank() >= 1, name, x, "must have at least one dimension, the row");
        return call;
    }

    private static void same(Requirements call, String name, Tensor tensor, String ofName, Tensor of) {
        call.shape(name, tensor, "the shape of " + ofName, of.shape());
    }
}
