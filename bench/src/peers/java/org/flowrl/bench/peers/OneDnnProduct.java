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

/// One of oneDNN's matmul primitives with its memory.
final class OneDnnProduct implements Call {
    private final MemorySegment result;
    private final stream stream;
    private final matmul primitive;
    private final IntMemoryMap arguments = new IntMemoryMap();
    /// Referenced here, so that they live as long as the primitive reads them.
    private final List<memory> memories;

    /// c = a · b, or c += a · b.
    ///
    /// @param isPacked whether b is reordered beforehand into the layout that the primitive asks for
    OneDnnProduct(engine processor, MemorySegment a, memory.desc aLayout, MemorySegment b, memory.desc bLayout,
            boolean isPacked, MemorySegment c, memory.desc cLayout, boolean add) {
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
                isPacked ? anyLayout : bLayout, cLayout, attributes, false);
        primitive = new matmul(description);
        memory given = new memory(bLayout, processor, Pointers.floats(b));
        memory second = given;
        if (isPacked) {
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

    /// A [rows, columns] matrix.
    static memory.desc rowMajor(long rows, long columns) {
        return new memory.desc(new long[] {rows, columns}, memory.data_type.f32, memory.format_tag.ab);
    }

    /// A [rows, columns] matrix that is held as its transpose.
    static memory.desc transposed(long rows, long columns) {
        return new memory.desc(new long[] {rows, columns}, memory.data_type.f32, memory.format_tag.ba);
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
