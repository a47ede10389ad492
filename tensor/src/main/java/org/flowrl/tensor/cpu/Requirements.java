package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;

/// What one kernel call requires of its arguments. A failed requirement throws {@link IllegalArgumentException} naming
/// operation, argument, value and rule: `rmsNorm: weight F32[4] must be [3], [D] of x [.., D]`.
///
/// The first floating tensor sets the type and the device of the call; all others must have them. Indices are looked at
/// on the host only, since elsewhere they cannot be read without waiting for the device.
final class Requirements {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private final String operation;
    private final DType type;
    private final Device device;

    private Requirements(String operation, Tensor first) {
        this.operation = operation;
        this.type = first.dtype();
        this.device = first.device();
    }

    /// The requirements of a call whose computing type is that of `tensor`.
    static Requirements of(String operation, String name, Tensor tensor) {
        if (!tensor.dtype().isComputable()) {
            throw new IllegalArgumentException(operation + ": " + name + " " + tensor
                    + " must be F32 or F64, the types that kernels compute in");
        }
        return new Requirements(operation, tensor);
    }

    /// Refuses a conversion between tensors of other than floating types or of different numbers of elements.
    static void conversion(String operation, Tensor from, Tensor to) {
        Requirements requirements = new Requirements(operation, from);
        String rule = "must be F64, F32, BF16 or F16";
        requirements.condition(from.dtype().isFloating(), "from", from, rule);
        requirements.condition(to.dtype().isFloating(), "to", to, rule);
        requirements.sameDevice("to", to);
        requirements.condition(to.elements() == from.elements(), "to", to, "must have as many elements as from");
    }

    /// `tensor` lies on the device of the call.
    void sameDevice(String name, Tensor tensor) {
        if (!tensor.device().equals(device)) {
            throw new IllegalArgumentException(operation + ": " + name + " " + tensor + " lies on " + tensor.device()
                    + ", it must lie on " + device);
        }
    }

    /// True where the content of integer tensors can be looked at.
    boolean isOnHost() {
        return device.isHost();
    }

    /// `tensor` has this type and lies on the device of the call.
    void type(String name, Tensor tensor, DType expected) {
        if (tensor.dtype() != expected) {
            throw new IllegalArgumentException(operation + ": " + name + " " + tensor + " must be " + expected);
        }
        sameDevice(name, tensor);
    }

    /// `tensor` has the call's type and the shape of another one.
    void shape(String name, Tensor tensor, String rule, Shape expected) {
        type(name, tensor, type);
        if (!tensor.shape().equals(expected)) {
            throw new IllegalArgumentException(operation + ": " + name + " " + tensor + " must be " + expected + ", "
                    + rule);
        }
    }

    /// `tensor` has the call's type and exactly these dimensions.
    ///
    /// @param rule where the dimensions come from, such as `[D] of x [.., D]`
    void shape(String name, Tensor tensor, String rule, long... dims) {
        type(name, tensor, type);
        dims(name, tensor, rule, dims);
    }

    /// `tensor` has the call's type and this many elements, in any shape.
    void elements(String name, Tensor tensor, String rule, long count) {
        elements(name, tensor, type, rule, count);
    }

    /// `tensor` has this type and this many elements, in any shape.
    void elements(String name, Tensor tensor, DType expected, String rule, long count) {
        type(name, tensor, expected);
        if (tensor.elements() != count) {
            throw new IllegalArgumentException(operation + ": " + name + " " + tensor + " must have " + count
                    + " elements, " + rule);
        }
    }

    /// `tensor` has this many dimensions, named by `rule`, such as `[N, H, E]`.
    void rank(String name, Tensor tensor, int rank, String rule) {
        if (tensor.shape().rank() != rank) {
            throw new IllegalArgumentException(operation + ": " + name + " " + tensor + " must be " + rule);
        }
    }

    /// `tensor` is I32 with exactly these dimensions.
    void integers(String name, Tensor tensor, String rule, long... dims) {
        type(name, tensor, DType.I32);
        dims(name, tensor, rule, dims);
    }

    /// `tensor` is I32 with exactly `count` elements in one dimension, each in 0 … bound−1.
    void indices(String name, Tensor tensor, String rule, long count, long bound) {
        integers(name, tensor, rule, count);
        if (!isOnHost()) {
            return;
        }
        MemorySegment data = tensor.segment();
        for (long i = 0; i < count; i++) {
            index(name, i, data.get(INT, i * Integer.BYTES), bound);
        }
    }

    /// One entry of an index tensor lies in 0 … bound−1.
    void index(String name, long at, int value, long bound) {
        if (value < 0 || value >= bound) {
            throw new IllegalArgumentException(operation + ": " + name + "[" + at + "] = " + value
                    + " must be in 0 … " + (bound - 1));
        }
    }

    /// `starts` is I32 [B + 1], not decreasing, within 0 … N; where `covers`, it starts at 0 and ends at N.
    ///
    /// @return B
    long starts(Tensor starts, long tokens, boolean covers) {
        type("starts", starts, DType.I32);
        rank("starts", starts, 1, "[B + 1]");
        condition(starts.elements() >= 1, "starts", starts, "must have B + 1 entries, at least one");
        long last = starts.elements() - 1;
        if (!isOnHost()) {
            return last;
        }
        MemorySegment data = starts.segment();
        int before = 0;
        for (long i = 0; i <= last; i++) {
            int start = data.get(INT, i * Integer.BYTES);
            if (start < before || start > tokens) {
                throw new IllegalArgumentException(operation + ": starts[" + i + "] = " + start + " must be in "
                        + before + " … " + tokens + ", not decreasing up to the number of tokens");
            }
            before = start;
        }
        int first = data.get(INT, 0);
        if (covers && (first != 0 || before != tokens)) {
            throw new IllegalArgumentException(operation + ": starts go from " + first + " to " + before
                    + ", they must go from 0 to " + tokens + ", the number of tokens");
        }
        return last;
    }

    /// `matrix` holds weights of the call's type or BF16.
    void packed(String name, PackedMatrix matrix) {
        if (matrix.storage() != type && matrix.storage() != DType.BF16) {
            throw new IllegalArgumentException(operation + ": " + name + " is packed as " + matrix.storage()
                    + ", it must be packed as " + type + " or BF16");
        }
    }

    /// A number obeys a rule.
    void number(boolean holds, String name, double value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(operation + ": " + name + " " + value + " " + rule);
        }
    }

    /// A tensor obeys a rule.
    void condition(boolean holds, String name, Tensor tensor, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(operation + ": " + name + " " + tensor + " " + rule);
        }
    }

    private void dims(String name, Tensor tensor, String rule, long... dims) {
        if (!tensor.shape().is(dims)) {
            throw new IllegalArgumentException(operation + ": " + name + " " + tensor + " must be "
                    + Arrays.toString(dims) + ", " + rule);
        }
    }
}
