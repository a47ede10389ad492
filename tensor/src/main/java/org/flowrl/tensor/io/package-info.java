/// Tensors in files: the safetensors format, read without copies and written so that the bytes are a function of the
/// content alone.
///
/// Read {@link org.flowrl.tensor.io.Safetensors} first; `HeaderParser` holds every rule by which a file is refused and
/// `SafetensorsHeader` the layout of a written one. The format is
///
/// ```
/// 8 bytes              N, the header's length in bytes, unsigned little-endian
/// N bytes              JSON {"__metadata__": {key: text}, name: {"dtype", "shape", "data_offsets": [begin, end)}, …}
/// the rest             row-major little-endian elements, tensor after tensor without holes
/// ```
///
/// Elements are used as they lie in the file, so a machine must be little-endian, as all that the JDK's 64-bit ports
/// for x86, ARM and RISC-V run on are.
///
/// Source: the format's description and verdicts of its reference implementation (huggingface/safetensors 0.8.0).
package org.flowrl.tensor.io;
