package org.flowrl.transformer.generate;

import java.util.Arrays;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;

/// Sampled words, one of each row.
///
/// @param tokens their ids
/// @param logProbs of each under the sampling law, in nats
record Draws(int[] tokens, float[] logProbs) {
    /// Draws a word from each row of hidden states [N, D].
    ///
    /// @param uniforms N numbers in [0, 1)
    static Draws from(Var hidden, PackedMatrix head, SamplingLaw law, double[] uniforms) {
        Tape tape = hidden.tape();
        int n = uniforms.length;
        Places places = Places.of(tape.scope().of(uniforms, n), hidden.value().dtype());
        places.draw(hidden, head, law);
        return places.read(n);
    }

    /// Where draws come from and go to, on the device. Both results are in one tensor, since each read of a device
    /// waits for it.
    ///
    /// @param uniforms F64 [N]
    /// @param results I32: the bits of N log-probabilities, then N tokens
    /// @param logProbs [N], in `results`
    /// @param tokens [N], in `results`
    record Places(Tensor uniforms, Tensor results, Tensor logProbs, Tensor tokens) {
        /// Places for as many draws as there are numbers, in their scope.
        ///
        /// @param type of the log-probabilities
        static Places of(Tensor uniforms, DType type) {
            long n = uniforms.elements();
            long bits = n * type.bytes() / Integer.BYTES;
            Tensor results = uniforms.scope().allocate(DType.I32, bits + n);
            return new Places(uniforms, results, results.slice(0, bits).reinterpretedAs(type),
                    results.slice(bits, n));
        }

        /// Overwrites tokens and log-probabilities.
        void draw(Var hidden, PackedMatrix head, SamplingLaw law) {
            Backend backend = hidden.tape().backend();
            backend.heads().sample(hidden.value(), head, law, uniforms, tokens, logProbs);
        }

        /// The first `count` draws.
        Draws read(int count) {
            int[] numbers = results.toInts();
            float[] values = new float[count];
            for (int i = 0; i < count; i++) {
                values[i] = logProbs.dtype() == DType.F32 ? Float.intBitsToFloat(numbers[i])
                        : (float) Double.longBitsToDouble((long) numbers[2 * i + 1] << Integer.SIZE
                                | Integer.toUnsignedLong(numbers[2 * i]));
            }
            int first = numbers.length - Math.toIntExact(tokens.elements());
            return new Draws(Arrays.copyOfRange(numbers, first, first + count), values);
        }
    }
}
