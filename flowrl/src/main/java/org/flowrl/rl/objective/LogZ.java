package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Parameters;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Norms;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// FlowRL's net from a prompt to log Z, the logarithm of its partition function: depth − 1 blocks and a linear head.
///
/// ```
/// block(x) = dropout(layerNorm(gelu(W · x + b)))        W [D, D]        log Z = w · blocks(x) + c        w [1, D]
/// ```
/// x is the mean of the policy's final hidden states over the prompt. GELU is the exact form and comes before the norm.
/// Weights and biases start uniform in ±1/√D, so log Z starts within about ±1 and not at 0. Source: FlowRL @ decbc57,
/// `ProjZModule` in `verl/workers/fsdp_workers.py`; parameters have its names.
///
/// @param blocks the hidden layers, from the input on
/// @param headWeight w, matrix [1, D]
/// @param headBias c, [1]
/// @param dropout share of hidden units dropped in training
public record LogZ(List<Block> blocks, Parameter headWeight, Parameter headBias, double dropout) {
    /// Added to the variance in the layer norms: PyTorch's default.
    public static final double NORM_EPSILON = 1e-5;

    /// Places that a block takes in the public code's list of layers: linear, GELU, norm, dropout.
    private static final int BLOCK_PLACES = 4;
    private static final int NORM_PLACE = 2;

    /// One hidden layer.
    ///
    /// @param weight matrix [D, D]
    /// @param bias `[D]`
    /// @param gamma `[D]`
    /// @param beta `[D]`
    public record Block(Parameter weight, Parameter bias, Parameter gamma, Parameter beta) {
        private static Block declare(Parameters net, int index, int width) {
            Parameters linear = net.at(index * BLOCK_PLACES);
            Parameters norm = net.at(index * BLOCK_PLACES + NORM_PLACE);
            return new Block(linear.matrix("weight", uniform(width), width, width),
                    linear.declare("bias", uniform(width), width),
                    norm.declare("weight", Initializer.ones(), width),
                    norm.declare("bias", Initializer.zeros(), width));
        }

        private Var forward(Var x) {
            return Norms.layerNorm(Activations.gelu(Products.linear(x, weight, bias)), gamma, beta, NORM_EPSILON);
        }
    }

    public LogZ {
        blocks = List.copyOf(blocks);
    }

    /// Declares the net's parameters at `place`: `net.0.weight` … as in the public code's checkpoints.
    ///
    /// @param width D, of the policy's hidden states
    /// @param depth linear layers, the head included; at least 1
    /// @param dropout in [0, 1)
    public static LogZ declare(Parameters place, int width, int depth, double dropout) {
        if (width < 1 || depth < 1 || !(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("logZ: width " + width + " and depth " + depth
                    + " must be at least 1, dropout " + dropout + " in [0, 1)");
        }
        Parameters net = place.at("net");
        List<Block> blocks = IntStream.range(0, depth - 1).mapToObj(i -> Block.declare(net, i, width)).toList();
        Parameters head = net.at((depth - 1) * BLOCK_PLACES);
        return new LogZ(blocks, head.matrix("weight", uniform(width), 1, width),
                head.declare("bias", uniform(width), 1), dropout);
    }

    /// What decides which hidden units are dropped, for each row by itself: a row's units do not depend on which rows
    /// it is computed with.
    ///
    /// @param key of this optimizer step
    /// @param rowIds number of each row
    public record Dropout(RandomKey key, int[] rowIds) {
        @Override
        public boolean equals(Object object) {
            return object instanceof Dropout other && Arrays.deepEquals(parts(), other.parts());
        }

        @Override
        public int hashCode() {
            return Arrays.deepHashCode(parts());
        }

        /// Records compare arrays by identity; these are compared by their values.
        private Object[] parts() {
            return new Object[] {key, rowIds};
        }

        /// Drops units of x [B, D] at `rate` and scales the others by 1 / (1 − rate).
        private Var apply(Var x, double rate, int layer) {
            Tape tape = x.tape();
            Tensor mask = tape.like(x.value());
            for (int i = 0; i < rowIds.length; i++) {
                tape.backend().elementwise().dropoutMask(key.fold("logZ").fold(rowIds[i]).fold(layer), 1 - rate,
                        mask.slice(i, 1));
            }
            return Pointwise.multiply(x, tape.constant(mask));
        }
    }

    /// log Z of each prompt, in nats per token.
    ///
    /// @param promptMean [B, D]
    /// @param training where there, units are dropped at the rate of {@link #dropout}
    /// @return `[B]`
    public Var forward(Var promptMean, Optional<Dropout> training) {
        Var x = promptMean;
        for (int layer = 0; layer < blocks.size(); layer++) {
            x = blocks.get(layer).forward(x);                                                      // [B, D]
            if (training.isPresent() && dropout > 0) {
                x = training.get().apply(x, dropout, layer);
            }
        }
        return Rows.reshape(Products.linear(x, headWeight, headBias), promptMean.dim(0));          // [B, 1] as [B]
    }

    /// log Z of given prompts, without dropout and without a gradient, in nats per token.
    ///
    /// @param scope for working memory, which is freed before returning
    /// @param promptMeans [B, D]
    public double[] estimate(Backend backend, Scope scope, Tensor promptMeans) {
        try (Tape tape = Tape.inference(backend, scope)) {
            return forward(tape.constant(promptMeans), Optional.empty()).value().toDoubles();
        }
    }

    /// The store that holds the parameters.
    public ParameterStore store() {
        return headWeight.store();
    }

    /// PyTorch's first values of a linear layer with `inputs` inputs, weight and bias alike.
    private static Initializer uniform(int inputs) {
        return Initializer.uniform(1 / Math.sqrt(inputs));
    }
}
