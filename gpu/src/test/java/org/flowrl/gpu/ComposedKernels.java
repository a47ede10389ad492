package org.flowrl.gpu;

import java.util.Arrays;
import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// What fused kernels are to give: the same operations by the other kernel families of a backend, one at a time.
///
/// @param scope holds what is in between
record ComposedKernels(Backend backend, Scope scope) implements FusedKernels {
    @Override
    public void norm(Tensor x, Tensor weight, double eps, Tensor operand) {
        backend.elementwise().convert(normed(x, weight, eps), operand);
    }

    private Tensor normed(Tensor x, Tensor weight, double eps) {
        Tensor y = scope.allocate(DType.F32, x.shape());
        backend.rows().rmsNorm(x, weight, eps, y, scope.allocate(DType.F32, x.shape().rows()));
        return y;
    }

    @Override
    public void products(Tensor operand, List<PackedMatrix> weights, Tensor y) {
        float[] all = new float[Math.toIntExact(y.elements())];
        long column = 0;
        for (PackedMatrix weight : weights) {
            float[] part = product(operand, weight, null).toFloats();
            copyColumns(part, Math.toIntExact(weight.rows()), all, Math.toIntExact(y.dim(1)), (int) column);
            column += weight.rows();
        }
        y.copyFrom(all);
    }

    private Tensor product(Tensor operand, PackedMatrix weight, Tensor bias) {
        Tensor x = scope.allocate(DType.F32, operand.shape());
        backend.elementwise().convert(operand, x);
        Tensor y = scope.allocate(DType.F32, operand.dim(0), weight.rows());
        backend.matmul().forward(x, weight, bias, y);
        return y;
    }

    private static void copyColumns(float[] from, int columns, float[] to, int pitch, int column) {
        for (int row = 0; row * columns < from.length; row++) {
            System.arraycopy(from, row * columns, to, row * pitch + column, columns);
        }
    }

    @Override
    public void addProduct(Tensor operand, PackedMatrix weight, Tensor bias, Tensor y) {
        backend.elementwise().binary(ElementwiseKernels.Binary.ADD, y, product(operand, weight, bias), y);
    }

    @Override
    public void addLowRank(Tensor x, PackedMatrix a, PackedMatrix b, double scale, Tensor low, Tensor y, long column) {
        backend.matmul().forward(x, a, null, low);
        backend.elementwise().affine(low, scale, 0, low);
        float[] part = product(low, b, null).toFloats();
        float[] all = y.toFloats();
        int width = Math.toIntExact(b.rows());
        for (int i = 0; i < part.length; i++) {
            all[i / width * Math.toIntExact(y.dim(1)) + Math.toIntExact(column) + i % width] += part[i];
        }
        y.copyFrom(all);
    }

    @Override
    public void placeHeads(Tensor projected, HeadTerms terms, Pages pages, Tensor q) {
        long groups = pages.keyPages().dim(1);
        long heads = q.dim(1);
        turn(heads(projected, 0, q, heads, terms.queryBias()), terms.queryNorm(), terms, pages, q);
        Tensor k = scope.allocate(DType.F32, q.dim(0), groups, q.dim(2));
        turn(heads(projected, heads, q, groups, terms.keyBias()), terms.keyNorm(), terms, pages, k);
        Tensor v = heads(projected, heads + groups, q, groups, terms.valueBias());
        backend.attention().writePages(k, v, pages.slots(), pages.keyPages(), pages.valuePages());
    }

    /// `count` heads from `first` on, [N, count, E] with E of q, and their bias.
    private Tensor heads(Tensor projected, long first, Tensor q, long count, Tensor bias) {
        int size = Math.toIntExact(q.dim(2));
        int width = Math.toIntExact(count) * size;
        int pitch = Math.toIntExact(projected.dim(1));
        float[] all = projected.toFloats();
        float[] biases = bias == null ? new float[width] : bias.toFloats();
        float[] some = new float[Math.toIntExact(q.dim(0)) * width];
        for (int i = 0; i < some.length; i++) {
            float x = all[i / width * pitch + (int) first * size + i % width];
            some[i] = bias == null ? x : x + biases[i % width];
        }
        return scope.of(some, q.dim(0), count, size);
    }

    private void turn(Tensor x, Tensor norm, HeadTerms terms, Pages pages, Tensor out) {
        backend.rows().rope(norm == null ? x : normed(x, norm, terms.eps()), pages.positions(), terms.cos(),
                terms.sin(), false, out);
    }

    @Override
    public void attend(Tensor q, Pages pages, double scale, Tensor operand) {
        Tensor out = scope.allocate(DType.F32, q.shape());
        backend.attention(operand.dtype()).forwardPaged(q, pages.keyPages(), pages.valuePages(), pages.positions(),
                pages.sequences(), pages.pageTable(), scale, out);
        backend.elementwise().convert(out, operand);
    }

    @Override
    public void attendNewest(Tensor projected, HeadTerms terms, Pages pages, double scale, Tensor operand) {
        long size = pages.keyPages().dim(2);
        Tensor q = scope.allocate(DType.F32, operand.dim(0), operand.dim(1) / size, size);
        placeHeads(projected, terms, pages, q);
        attend(q, pages, scale, operand);
    }

    @Override
    public void swiGlu(Tensor projected, Tensor operand) {
        int size = Math.toIntExact(operand.dim(1));
        float[] all = projected.toFloats();
        float[] gates = new float[all.length / 2];
        float[] ups = new float[gates.length];
        for (int row = 0; row * 2 * size < all.length; row++) {
            float[] both = Arrays.copyOfRange(all, row * 2 * size, (row + 1) * 2 * size);
            System.arraycopy(both, 0, gates, row * size, size);
            System.arraycopy(both, size, ups, row * size, size);
        }
        Tensor out = scope.allocate(DType.F32, operand.shape());
        backend.elementwise().swiGlu(scope.of(gates, gates.length), scope.of(ups, ups.length), out);
        backend.elementwise().convert(out, operand);
    }
}
