package org.flowrl.tensor.io;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.Shape;

/// What a safetensors header declares about one tensor.
///
/// @param name  the tensor's name
/// @param dtype the type of its elements
/// @param shape its dimensions
/// @param begin its first byte, counted from {@link Safetensors#dataOffset()}
/// @param end   the byte after its last, counted likewise; `end - begin = shape.elements() * dtype.bytes()`
public record SafetensorsEntry(String name, DType dtype, Shape shape, long begin, long end) {
    /// Bytes of the elements.
    public long bytes() {
        return end - begin;
    }
}
