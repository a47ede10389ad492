package org.flowrl.gpu;

import java.util.List;
import java.util.Optional;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Closing;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.Recorder;
import org.flowrl.tensor.RowKernels;

/// Computes in F32 on one NVIDIA card: products by cuBLAS, everything else by the project's own kernels.
///
/// Kernels are put into one stream and return at once; reads of tensors wait for them. An index out of range is found
/// by the kernel that meets it, and thrown by the next wait, see {@link Fault}.
final class CudaBackend implements Backend {
    private final Card card;
    private final Memory memory;
    private final String description;
    private final MatmulKernels matmul;
    private final RowKernels rows;
    private final CudaAttention attention;
    private final HeadKernels heads;
    private final ElementwiseKernels elementwise;
    private final OptimizerKernels optimizer;
    private final Optional<Recorder> recorder;
    private final FusedKernels fused;
    private final FusedGradients fusedGradients;
    private final Products products;

    /// Opens card `index` and takes over `api`, which is closed where that fails.
    CudaBackend(CudaApi api, int index) {
        card = Card.open(api, index);
        try {
            ProductPrecision precision = ProductPrecision.set();
            memory = new Memory(new CudaMemory(card.device()));
            description = card.device().description() + ", " + ProductPrecision.PROPERTY + "=" + precision;
            products = new Products(card, precision);
            matmul = new CudaMatmul(card, products);
            rows = new CudaRows(card);
            attention = new CudaAttention(card, products);
            heads = new CudaHeads(card, products);
            elementwise = new CudaElementwise(card);
            optimizer = new CudaOptimizer(card);
            fused = new CudaFused(card, products, attention);
            fusedGradients = new CudaFusedGradients(card, products);
            recorder = CudaRecorder.isOn() && api.capturesGraphs() ? Optional.of(new CudaRecorder(card))
                    : Optional.empty();
        } catch (RuntimeException | Error e) {
            Closing.after(e, card::close);
            throw e;
        }
    }

    /// What the kernel families share.
    Card card() {
        return card;
    }

    @Override
    public String name() {
        return Card.NAME;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Device device() {
        return card.device().device();
    }

    /// Sums have an order of their own at every shape, which is the same at every call.
    @Override
    public Guarantees guarantees() {
        return new Guarantees(false, true);
    }

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public long workspaceBytes() {
        return card.scratch().bytes() + card.device().workspaceBytes();
    }

    /// CUDA graphs, where the driver has them and the system property `gpu.graphs` is not `off`.
    @Override
    public Optional<Recorder> recorder() {
        return recorder;
    }

    @Override
    public Optional<FusedKernels> fused() {
        return Optional.of(fused);
    }

    /// Where weights have the type that operands of their gradients have: of every type, unless `gpu.products` says
    /// another than `weights`.
    @Override
    public Optional<FusedGradients> fusedGradients(DType storage) {
        return products.operands(storage) == storage ? Optional.of(fusedGradients) : Optional.empty();
    }

    @Override
    public MatmulKernels matmul() {
        return matmul;
    }

    @Override
    public RowKernels rows() {
        return rows;
    }

    @Override
    public AttentionKernels attention() {
        return attention;
    }

    @Override
    public AttentionKernels attention(DType storage) {
        return attention.beside(storage);
    }

    @Override
    public HeadKernels heads() {
        return heads;
    }

    @Override
    public ElementwiseKernels elementwise() {
        return elementwise;
    }

    @Override
    public OptimizerKernels optimizer() {
        return optimizer;
    }

    @Override
    public void close() {
        Closing.all(List.of(memory::close, card::close));
    }
}
