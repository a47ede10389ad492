package org.flowrl.tensor.cpu;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;

/// The argument checks of {@link FusedKernels} and {@link FusedGradients}, as {@link Arguments} has those of the other
/// families.
public final class FusedArguments {
    private FusedArguments() {
    }

    public static void norm(Tensor x, Tensor weight, double eps, Tensor operand) {
        Requirements call = Requirements.of("fused norm", "x", x);
        call.rank("x", x, 2, "[N, D]");
        call.shape("weight", weight, "[D] of x [N, D]", x.dim(1));
        call.number(eps >= 0, "eps", eps, "must be 0 or more");
        operand(call, operand, "[N, D] of x", x.dim(0), x.dim(1));
    }

    public static void products(Tensor operand, List<PackedMatrix> weights, Tensor y) {
        Requirements call = Requirements.of("fused products", "y", y);
        call.rank("y", y, 2, "[N, O]");
        call.rank("operand", operand, 2, "[N, D]");
        for (PackedMatrix weight : weights) {
            product(call, operand, weight, y);
        }
        call.shape("y", y, "[N, O] of operand [N, D] and weights [O, D]", operand.dim(0),
                weights.stream().mapToLong(PackedMatrix::rows).sum());
    }

    public static void addProduct(Tensor operand, PackedMatrix weight, Tensor bias, Tensor y) {
        Requirements call = Requirements.of("fused addProduct", "y", y);
        call.rank("operand", operand, 2, "[N, D]");
        product(call, operand, weight, y);
        if (bias != null) {
            call.shape("bias", bias, "[O] of weight [O, D]", weight.rows());
        }
        call.shape("y", y, "[N, O] of operand [N, D] and weight [O, D]", operand.dim(0), weight.rows());
    }

    public static void addLowRank(Tensor x, PackedMatrix a, PackedMatrix b, double scale, Tensor low, Tensor y,
            long column) {
        Requirements call = Requirements.of("fused addLowRank", "y", y);
        call.rank("x", x, 2, "[N, D]");
        call.rank("y", y, 2, "[N, …]");
        call.condition(a.storage() == x.dtype() && b.storage() == x.dtype(), "x", x, "must have the type of a, "
                + a.storage() + ", and of b, " + b.storage());
        call.shape("x", x, "[N, D] of y [N, …] and a [r, D]", y.dim(0), a.columns());
        call.shape("low", low, "[N, r] of x [N, D] and b [O, r]", x.dim(0), b.columns());
        call.condition(a.rows() == b.columns(), "low", low, "must have as many columns as a has rows, " + a.rows());
        call.number(Double.isFinite(scale), "scale", scale, "must be finite");
        call.number(column >= 0 && column <= y.dim(1) - b.rows(), "column", column, "must leave " + b.rows()
                + " of the " + y.dim(1) + " columns of y");
    }

    private static void product(Requirements call, Tensor operand, PackedMatrix weight, Tensor y) {
        call.packed("weight", weight);
        call.condition(weight.storage() == operand.dtype(), "operand", operand,
                "must have the type of the weight, " + weight.storage());
        call.sameDevice("operand", operand);
        call.condition(weight.columns() == operand.dim(1), "operand", operand,
                "must be [N, D] with weight [O, D], [" + weight.rows() + ", " + weight.columns() + "]");
        call.condition(y.dtype() == DType.F32, "y", y, "must be F32");
    }

    public static void placeHeads(Tensor projected, FusedKernels.HeadTerms terms, FusedKernels.Pages pages, Tensor q) {
        Requirements call = Requirements.of("fused placeHeads", "q", q);
        call.rank("q", q, 3, "[N, H, E]");
        long size = q.dim(2);
        long queries = q.dim(1) * size;
        call.condition(size % 2 == 0, "q", q, "must have heads of an even number of elements");
        long groups = groups(call, q, pages);
        call.shape("projected", projected, "[N, (H + 2 G) E] of q [N, H, E] and keyPages", q.dim(0),
                queries + 2 * groups * size);
        terms(call, terms, q.dim(1), groups, size);
        places(call, terms, pages, q.dim(0));
    }

    /// What is done to H query heads and G key heads [E].
    private static void terms(Requirements call, FusedKernels.HeadTerms terms, long heads, long groups, long size) {
        optional(call, "queryBias", terms.queryBias(), "[H · E] of the query heads", heads * size);
        optional(call, "keyBias", terms.keyBias(), "[G · E] of keyPages", groups * size);
        optional(call, "valueBias", terms.valueBias(), "[G · E] of keyPages", groups * size);
        optional(call, "queryNorm", terms.queryNorm(), "[E] of keyPages", size);
        optional(call, "keyNorm", terms.keyNorm(), "[E] of keyPages", size);
        call.number(terms.eps() >= 0, "eps", terms.eps(), "must be 0 or more");
        call.rank("cos", terms.cos(), 2, "[P, E/2]");
        call.shape("cos", terms.cos(), "[P, E/2] of keyPages", terms.cos().dim(0), size / 2);
        call.shape("sin", terms.sin(), "the shape of cos", terms.cos().shape());
    }

    /// Where N tokens stand, and where their keys and values go.
    private static void places(Requirements call, FusedKernels.HeadTerms terms, FusedKernels.Pages pages,
            long tokens) {
        call.indices("positions", pages.positions(), "[N] of the tokens", tokens, terms.cos().dim(0));
        call.indices("slots", pages.slots(), "[N] of the tokens", tokens, pages.keyPages().dim(0) * Backend.LANES);
    }

    private static long groups(Requirements call, Tensor q, FusedKernels.Pages pages) {
        call.rank("keyPages", pages.keyPages(), 4, "[P, G, E, " + Backend.LANES + "]");
        return groups(call, q.dim(1), q.dim(2), pages);
    }

    private static long groups(Requirements call, long heads, long size, FusedKernels.Pages pages) {
        Tensor keys = pages.keyPages();
        long groups = keys.dim(1);
        call.condition(groups > 0 && heads % groups == 0, "keyPages", keys,
                "must have a number of heads that divides the " + heads + " query heads");
        call.shape("keyPages", keys, "[P, G, E, LANES] of heads [E]", keys.dim(0), groups, size, Backend.LANES);
        call.shape("valuePages", pages.valuePages(), "[P, G, LANES, E] of keyPages [P, G, E, LANES]", keys.dim(0),
                groups, Backend.LANES, size);
        return groups;
    }

    public static void attendNewest(Tensor projected, FusedKernels.HeadTerms terms, FusedKernels.Pages pages,
            double scale, Tensor operand) {
        Requirements call = Requirements.of("fused attendNewest", "projected", projected);
        call.rank("projected", projected, 2, "[N, (H + 2 G) E]");
        Tensor keys = pages.keyPages();
        call.rank("keyPages", keys, 4, "[P, G, E, " + Backend.LANES + "]");
        long size = keys.dim(2);
        long heads = size == 0 ? 0 : projected.dim(1) / size - 2 * keys.dim(1);
        call.condition(size % 2 == 0 && heads > 0 && projected.dim(1) % size == 0, "projected", projected,
                "must be [N, (H + 2 G) E] with keyPages " + keys.shape() + ", [P, G, E, LANES] with an even E");
        long groups = groups(call, heads, size, pages);
        terms(call, terms, heads, groups, size);
        places(call, terms, pages, projected.dim(0));
        call.number(Double.isFinite(scale), "scale", scale, "must be finite");
        Tensor table = pages.pageTable();
        call.rank("pageTable", table, 2, "[B, pages]");
        call.integers("pageTable", table, "[B, pages]", table.dim(0), table.dim(1));
        call.indices("sequences", pages.sequences(), "[N] of projected", projected.dim(0), table.dim(0));
        operand(call, operand, "[N, H · E] of projected", projected.dim(0), heads * size);
    }

    private static void optional(Requirements call, String name, Tensor tensor, String rule, long size) {
        if (tensor != null) {
            call.shape(name, tensor, rule, size);
        }
    }

    /// Beside what attention over the cache requires, which is checked with `q` in the output's place.
    public static void attend(Tensor q, FusedKernels.Pages pages, double scale, Tensor operand) {
        Arguments.attentionForwardPaged(q, pages.keyPages(), pages.valuePages(), pages.positions(), pages.sequences(),
                pages.pageTable(), scale, q);
        operand(Requirements.of("fused attend", "q", q), operand, "[N, H · E] of q [N, H, E]", q.dim(0),
                q.dim(1) * q.dim(2));
    }

    public static void swiGlu(Tensor projected, Tensor operand) {
        Requirements call = Requirements.of("fused swiGlu", "projected", projected);
        call.rank("projected", projected, 2, "[N, 2 F]");
        call.condition(projected.dim(1) % 2 == 0, "projected", projected, "must be [N, 2 F]");
        operand(call, operand, "[N, F] of projected [N, 2 F]", projected.dim(0), projected.dim(1) / 2);
    }

    public static void norm(Tensor x, Tensor weight, double eps, Tensor operand, Tensor inverse) {
        norm(x, weight, eps, operand);
        Requirements.of("fused norm", "x", x).shape("inverse", inverse, "[N] of x [N, D]", x.dim(0));
    }

    public static void normBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dstream, Tensor dx,
            Tensor dweight) {
        Requirements call = Requirements.of("fused normBackward", "x", x);
        call.rank("x", x, 2, "[N, D]");
        call.shape("dy", dy, "the shape of x", x.shape());
        call.shape("weight", weight, "[D] of x [N, D]", x.dim(1));
        call.shape("inverse", inverse, "[N] of x [N, D]", x.dim(0));
        call.shape("dstream", dstream, "the shape of x", x.shape());
        call.shape("dx", dx, "the shape of x", x.shape());
        call.shape("dweight", dweight, "[D] of x [N, D]", x.dim(1));
    }

    public static void inputGradient(Tensor dy, List<PackedMatrix> weights, Tensor dx) {
        Requirements call = Requirements.of("fused inputGradient", "dx", dx);
        call.rank("dx", dx, 2, "[N, D]");
        for (PackedMatrix weight : weights) {
            call.packed("weight", weight);
            call.condition(weight.storage() == dy.dtype(), "dy", dy, "must have the type of the weight, "
                    + weight.storage());
            call.condition(weight.columns() == dx.dim(1), "dx", dx, "must be [N, D] with weight [O, D], ["
                    + weight.rows() + ", " + weight.columns() + "]");
        }
        operand(call, "dy", dy, "[N, O] of dx [N, D] and weights [O, D]", dx.dim(0),
                weights.stream().mapToLong(PackedMatrix::rows).sum());
    }

    public static void weightGradients(Tensor dy, Tensor operand, List<Tensor> dweights) {
        Tensor first = dweights.getFirst();
        Requirements call = Requirements.of("fused weightGradients", "dweight", first);
        call.rank("operand", operand, 2, "[N, D]");
        for (Tensor dweight : dweights) {
            call.rank("dweight", dweight, 2, "[O, D]");
            call.shape("dweight", dweight, "[O, D] of operand [N, D]", dweight.dim(0), operand.dim(1));
        }
        operand(call, operand, "[N, D]", operand.dim(0), operand.dim(1));
        operand(call, "dy", dy, "[N, O] of operand [N, D] and dweights [O, D]", operand.dim(0),
                dweights.stream().mapToLong(dweight -> dweight.dim(0)).sum());
        call.condition(dy.dtype() == operand.dtype(), "dy", dy, "must have the type of operand, " + operand.dtype());
    }

    public static void splitHeads(Tensor projected, FusedKernels.HeadTerms terms, Tensor positions, Tensor q,
            Tensor k, Tensor v) {
        Requirements call = Requirements.of("fused splitHeads", "q", q);
        heads(call, terms, positions, q, k, v);
        call.shape("projected", projected, "[N, (H + 2 G) E] of q [N, H, E] and k [N, G, E]", q.dim(0),
                (q.dim(1) + 2 * k.dim(1)) * q.dim(2));
    }

    public static void joinHeads(Tensor dq, Tensor dk, Tensor dv, FusedGradients.HeadNorms norms,
            FusedKernels.HeadTerms terms, Tensor positions, Tensor dprojected) {
        Requirements call = Requirements.of("fused joinHeads", "q", dq);
        heads(call, terms, positions, dq, dk, dv);
        boolean haveNorms = norms != null;
        call.condition(haveNorms == (terms.queryNorm() != null) && haveNorms == (terms.keyNorm() != null), "q", dq,
                "must have norms of both queries and keys and their gradients, or none");
        if (haveNorms) {
            call.shape("projected", norms.projected(), "[N, (H + 2 G) E] of q [N, H, E] and k [N, G, E]", dq.dim(0),
                    (dq.dim(1) + 2 * dk.dim(1)) * dq.dim(2));
            call.shape("dqueryNorm", norms.dquery(), "[E] of q [N, H, E]", dq.dim(2));
            call.shape("dkeyNorm", norms.dkey(), "[E] of q [N, H, E]", dq.dim(2));
        }
        operand(call, "dprojected", dprojected, "[N, (H + 2 G) E] of q [N, H, E] and k [N, G, E]", dq.dim(0),
                (dq.dim(1) + 2 * dk.dim(1)) * dq.dim(2));
    }

    /// Heads beside the cache.
    private static void heads(Requirements call, FusedKernels.HeadTerms terms, Tensor positions, Tensor q, Tensor k,
            Tensor v) {
        call.rank("q", q, 3, "[N, H, E]");
        call.rank("k", k, 3, "[N, G, E]");
        call.condition(q.dim(2) % 2 == 0, "q", q, "must have heads of an even number of elements");
        call.shape("k", k, "[N, G, E] of q [N, H, E]", q.dim(0), k.dim(1), q.dim(2));
        call.shape("v", v, "the shape of k", k.shape());
        terms(call, terms, q.dim(1), k.dim(1), q.dim(2));
        call.indices("positions", positions, "[N] of q [N, H, E]", q.dim(0), terms.cos().dim(0));
    }

    public static void biasGradients(Tensor dy, List<Tensor> dbiases) {
        Tensor first = dbiases.getFirst();
        Requirements call = Requirements.of("fused biasGradients", "dbias", first);
        call.rank("dy", dy, 2, "[N, O]");
        for (Tensor dbias : dbiases) {
            call.rank("dbias", dbias, 1, "[O]");
            call.shape("dbias", dbias, "[O]", dbias.dim(0));
        }
        operand(call, "dy", dy, "[N, O] of dbiases [O]", dy.dim(0),
                dbiases.stream().mapToLong(dbias -> dbias.dim(0)).sum());
    }

    public static void swiGluBackward(Tensor dy, Tensor projected, Tensor dprojected) {
        Requirements call = Requirements.of("fused swiGluBackward", "projected", projected);
        call.rank("projected", projected, 2, "[N, 2 F]");
        call.condition(projected.dim(1) % 2 == 0, "projected", projected, "must be [N, 2 F]");
        call.shape("dy", dy, "[N, F] of projected [N, 2 F]", projected.dim(0), projected.dim(1) / 2);
        operand(call, "dprojected", dprojected, "the shape of projected", projected.dim(0), projected.dim(1));
    }

    private static void operand(Requirements call, Tensor operand, String rule, long rows, long columns) {
        operand(call, "operand", operand, rule, rows, columns);
    }

    private static void operand(Requirements call, String name, Tensor operand, String rule, long rows,
            long columns) {
        call.sameDevice(name, operand);
        call.condition(operand.dtype() == DType.F32 || operand.dtype() == DType.BF16, name, operand,
                "must be F32 or BF16");
        call.condition(operand.shape().is(rows, columns), name, operand,
                "must be [" + rows + ", " + columns + "], " + rule);
    }
}
