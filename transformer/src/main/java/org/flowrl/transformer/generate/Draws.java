package org.flowrl.transformer.generate;

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
        Places places = new Places(tape.scope().of(uniforms, n), tape.allocate(DType.I32, n),
                tape.allocate(hidden.value().dtype(), n));
        places.draw(hidden, head, law);
        return places.read(n);
    }

    /// Where draws come from and go to, on the device.
    ///
    /// @param uniforms F64 [N]
    /// @param tokens I32 [N]
    /// @param logProbs [N]
    record Places(Tensor uniforms, Tensor tokens, Tensor logProbs) {
        /// Overwrites tokens and log-probabilities.
        void draw(Var hidden, PackedMatrix head, SamplingLaw law) {
            Backend backend = hidden.tape().backend();
            backend.heads().sample(hidden.value(), head, law, uniforms, tokens, logProbs);
        }

        /// The first `count` draws.
        Draws read(int count) {
            int[] ids = tokens.slice(0, count).toInts();
            Tensor own = logProbs.slice(0, count);
            if (own.dtype() == DType.F32) {
                return new Draws(ids, own.toFloats());
            }
            double[] values = own.toDoubles();
            float[] rounded = new float[count];
            for (int i = 0; i < count; i++) {
                rounded[i] = (float) values[i];
            }
            return new Draws(ids, rounded);
        }
    }
}
