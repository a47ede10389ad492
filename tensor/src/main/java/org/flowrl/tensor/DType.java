package org.flowrl.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The type of one stored element. Names are those of the safetensors format.
///
/// Kernels compute in {@link #F32} (every backend) or {@link #F64} (the reference backend, for finite differences).
/// {@link #BF16} and {@link #F16} are storage: they are converted on load, on save and in packed weight copies.
/// The remaining types can be read, listed and written back, and are not computed with.
public enum DType {
    F64(8), F32(4), BF16(2), F16(2), I64(8), I32(4), I16(2), I8(1), U64(8), U32(4), U16(2), U8(1), BOOL(1),
    F8_E4M3(1), F8_E5M2(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one element.
    public int bytes() {
        return bytes;
    }

    /// True where kernels can compute in this type.
    public boolean isComputable() {
        return this == F32 || this == F64;
    }

    /// True for the types that hold a real number which {@link #isComputable() computable} types can represent.
    public boolean isFloating() {
        return this == F64 || this == F32 || this == BF16 || this == F16;
    }

    /// The type with this safetensors name, or empty.
    public static Optional<DType> named(String name) {
        return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
    }

    /// All names, for error messages.
    public static List<String> names() {
        return Arrays.stream(values()).map(DType::name).toList();
    }

    /// BF16 bits of `x`, rounded to nearest even; NaN stays NaN.
    public static short toBfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    /// The value of BF16 bits; exact.
    public static float fromBfloat16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
