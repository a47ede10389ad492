package org.flowrl.transformer.generate;

import org.flowrl.autograd.Tape;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.KvCache;
import org.flowrl.transformer.Qwen;

/// Gives running samples one more token each.
sealed interface DecodeStep extends AutoCloseable permits DecodeStep.Direct, RecordedStep {
    /// Appends the newest token of each sequence to the cache and draws the next.
    ///
    /// @param sequences of the cache, each once
    /// @param newest the last token of each, which the cache does not have yet: arrays of one element
    /// @param uniforms decide the draws
    Draws next(int[] sequences, int[][] newest, double[] uniforms);

    @Override
    void close();

    /// Asks the backend for each kernel of each step.
    ///
    /// @param scope activations lie in scopes inside it
    record Direct(Qwen model, Backend backend, Scope scope, KvCache cache, SamplingLaw law) implements DecodeStep {
        @Override
        public Draws next(int[] sequences, int[][] newest, double[] uniforms) {
            try (Tape tape = Tape.inference(backend, scope)) {
                return Draws.from(model.forward(tape, cache.prepare(tape.scope(), sequences, newest)),
                        model.head().packed(), law, uniforms);
            }
        }

        @Override
        public void close() {
            // Nothing outlives a step.
        }
    }
}
