package org.flowrl.gpu;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// Element by element, of elementwise.cu; the sum is of optimizer.cu.
final class CudaElementwise implements ElementwiseKernels {
    private final Card card;

    CudaElementwise(Card card) {
        this.card = card;
    }

    private Kernels.Launch launch(String kernel) {
        return card.kernels().launch("elementwise", kernel);
    }

    private static void run(Kernels.Launch launch, long elements) {
        launch.number(elements).over(elements);
    }

    @Override
    public void unary(Unary f, Tensor x, Tensor y) {
        Arguments.unary(x, y);
        card.requireFloats("unary", x);
        run(launch("unary" + f).tensor(x).tensor(y), x.elements());
    }

    @Override
    public void binary(Binary f, Tensor a, Tensor b, Tensor y) {
        Arguments.binary(a, b, y);
        card.requireFloats("binary", a);
        run(launch("binary" + f).tensor(a).tensor(b).tensor(y), a.elements());
    }

    @Override
    public void affine(Tensor x, double scale, double shift, Tensor y) {
        Arguments.affine(x, y);
        card.requireFloats("affine", x);
        run(launch("affine").tensor(x).real(scale).real(shift).tensor(y), x.elements());
    }

    @Override
    public void addScaled(double alpha, Tensor x, Tensor y) {
        Arguments.addScaled(x, y);
        card.requireFloats("addScaled", x);
        run(launch("addScaled").real(alpha).tensor(x).tensor(y), x.elements());
    }

    @Override
    public void clamp(Tensor x, double low, double high, Tensor y) {
        Arguments.clamp(x, low, high, y);
        card.requireFloats("clamp", x);
        run(launch("clampTo").tensor(x).real(low).real(high).tensor(y), x.elements());
    }

    @Override
    public void fill(Tensor x, double value) {
        Arguments.fill(x);
        card.requireFloats("fill", x);
        run(launch("fillWith").tensor(x).real(value), x.elements());
    }

    @Override
    public void sum(Tensor x, Tensor sum) {
        Arguments.sum(x, sum);
        card.requireFloats("sum", x);
        long chunks = Math.ceilDiv(x.elements(), (long) Backend.CHUNK);
        long sums = card.scratch().address(Scratch.Use.SUMS, chunks * Float.BYTES);
        card.kernels().launch("optimizer", "sumOfChunks").tensor(x).number(x.elements()).number(Backend.CHUNK)
                .number(sums).grid(chunks, 1, Kernels.BLOCK_THREADS, 0);
        card.kernels().launch("optimizer", "foldSums").number(sums).number(chunks).tensor(sum)
                .grid(1, 1, Kernels.BLOCK_THREADS, 0);
    }

    @Override
    public void convert(Tensor from, Tensor to) {
        Arguments.convert(from, to);
        Arguments.on(card.device().device(), "convert", from);
        if (from.dtype() == to.dtype()) {
            if (from.address() != to.address()) {
                to.copyFrom(from.reshape(to.shape().toArray()));
            }
            return;
        }
        run(launch("convert" + from.dtype() + "to" + to.dtype()).tensor(from).tensor(to), from.elements());
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        Arguments.swiGlu(gate, up, out);
        card.requireFloats("swiGlu", gate);
        run(launch("swiGlu").tensor(gate).tensor(up).tensor(out), gate.elements());
    }

    @Override
    public void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        Arguments.swiGluBackward(dout, gate, up, dgate, dup);
        card.requireFloats("swiGluBackward", gate);
        run(launch("swiGluBackward").tensor(dout).tensor(gate).tensor(up).tensor(dgate).tensor(dup), gate.elements());
    }

    @Override
    public void dropoutMask(RandomKey key, double keep, Tensor mask) {
        Arguments.dropoutMask(keep, mask);
        card.requireFloats("dropoutMask", mask);
        run(launch("dropoutMask").number(key.bits()).wide(keep).real(1 / keep).tensor(mask), mask.elements());
    }
}
