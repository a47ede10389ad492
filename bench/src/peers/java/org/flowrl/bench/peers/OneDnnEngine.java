package org.flowrl.bench.peers;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.flowrl.bench.kernel.Call;
import org.flowrl.bench.kernel.Engine;
import org.flowrl.bench.kernel.Inputs;
import org.flowrl.bench.kernel.KernelCase;
import org.flowrl.bench.kernel.MatmulCase;

/// oneDNN's matmul primitive. A weight, forward and in the input's gradient, is reordered beforehand into the layout
/// that the primitive asks for, as FlowRL holds its own packed; the two operands of a weight gradient, which are new in
/// every step, are row-major. The weight gradient is added to its result by a post-operation.
public final class OneDnnEngine implements Engine {
    /// For the service loader.
    public OneDnnEngine() {
    }

    @Override
    public String name() {
        return "onednn";
    }

    @Override
    public Role role() {
        return Role.PEER;
    }

    @Override
    public String version() {
        return Versions.of("dnnl");
    }

    @Override
    public boolean isJava() {
        return false;
    }

    @Override
    public boolean supports(KernelCase kernelCase) {
        return kernelCase instanceof MatmulCase;
    }

    @Override
    public Call prepare(KernelCase kernelCase, Inputs inputs, int threads) {
        engine processor = new engine(engine.kind.cpu, 0);
        OpenMp.setThreads(threads);
        MatmulCase c = (MatmulCase) kernelCase;
        return switch (c.kind()) {
            case FORWARD, FORWARD_BF16 -> new Product(processor, inputs.get("x"), rowMajor(c.m(), c.k()),
                    inputs.get("w"), transposed(c.k(), c.n()), true,
                    inputs.allocate(c.m() * c.n()), rowMajor(c.m(), c.n()), false);
            case INPUT_GRADIENT -> new Product(processor, inputs.get("dy"), rowMajor(c.m(), c.n()),
                    inputs.get("w"), rowMajor(c.n(), c.k()), true,
                    inputs.allocate(c.m() * c.k()), rowMajor(c.m(), c.k()), false);
            case WEIGHT_GRADIENT -> new Product(processor, inputs.get("dy"), transposed(c.n(), c.m()),
                    inputs.get("x"), rowMajor(c.m(), c.k()), false,
                    inputs.allocate(c.n() * c.k()), rowMajor(c.n(), c.k()), true);
        };
    }

    private static memory.desc rowMajor(long rows, long columns) {
        return new memory.desc(new long[] {rows, columns}, memory.data_type.f32, memory.format_tag.ab);
    }

    /// A [rows, columns] matrix that is held as its transpose.
    private static memory.desc transposed(long rows, long columns) {
        return new memory.desc(new long[] {rows, columns}, memory.data_type.f32, memory.format_tag.ba);
    }

    private static final class Product implements Call {
        private final MemorySegment result;
        private final stream stream;
        private final matmul primitive;
        private final IntMemoryMap arguments = new IntMemoryMap();
        /// Referenced here, so that they live as long as the primitive reads them.
        private final List<memory> memories;

        Product(engine processor, MemorySegment a, memory.desc aLayout, MemorySegment b, memory.desc bLayout,
                boolean isWeight, MemorySegment c, memory.desc cLayout, boolean add) {
            result = c;
            stream = new stream(processor);
            primitive_attr attributes = new primitive_attr();
            if (add) {
                post_ops sum = new post_ops();
                sum.append_sum();
                attributes.set_post_ops(sum);
            }
            memory.desc anyLayout = new memory.desc(bLayout.get_dims(), memory.data_type.f32, memory.format_tag.any);
            matmul.primitive_desc description = new matmul.primitive_desc(processor, aLayout,
                    isWeight ? anyLayout : bLayout, cLayout, attributes, false);
            primitive = new matmul(description);
            memory given = new memory(bLayout, processor, Pointers.floats(b));
            memory second = given;
            if (isWeight) {
                second = new memory(description.weights_desc(), processor);
                new reorder(given, second).execute(stream, given, second);
                stream._wait();
            }
            memory first = new memory(aLayout, processor, Pointers.floats(a));
            memory out = new memory(cLayout, processor, Pointers.floats(c));
            memories = List.of(first, second, out);
            arguments.put(dnnl.DNNL_ARG_SRC, first);
            arguments.put(dnnl.DNNL_ARG_WEIGHTS, second);
            arguments.put(dnnl.DNNL_ARG_DST, out);
        }

        @Override
        public void run() {
            primitive.execute(stream, arguments);
            stream._wait();
        }

        @Override
        public List<MemorySegment> results() {
            return List.of(result);
        }

        @Override
        public void close() {
            primitive.close();
            arguments.close();
            memories.forEach(memory::close);
            stream.close();
        }
    }
}
