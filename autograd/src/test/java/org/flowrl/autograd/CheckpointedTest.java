package org.flowrl.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CheckpointedTest extends BackendFixture {
    private static final int BLOCKS = 4;

    private ParameterStore store;
    private Tensor input;

    @BeforeEach
    void declare() {
        store = new ParameterStore(backend, scope, DType.F32);
        store.root().matrix("w", Initializer.normal(0.3), 16, 16);
        store.root().declare("b", Initializer.normal(1), 16);
        store.allocate();
        store.initialize(RandomKey.of(1));
        input = scope.allocate(DType.F32, 32, 16);
        for (int i = 0; i < input.elements(); i++) {
            input.set(i, RandomKey.of(2).normal(i));
        }
    }

    /// Value, input gradient and parameter gradients, and the most memory that was in use.
    private record Pass(float[] loss, float[] dx, float[] parameters, long highWaterBytes) {
    }

    @Test
    void gradientsAreThoseOfThePlainBlocksBitForBit() {
        Pass plain = run(x -> block(x));
        Pass checkpointed = run(x -> Checkpointed.apply(x, this::block));
        assertThat(checkpointed.loss()).isEqualTo(plain.loss());
        assertThat(checkpointed.dx()).isEqualTo(plain.dx());
        assertThat(checkpointed.parameters()).isEqualTo(plain.parameters());
    }

    @Test
    void activationsOfABlockAreNotKept() {
        List<Long> kept = new ArrayList<>();
        for (UnaryOperator<Var> block : List.<UnaryOperator<Var>>of(this::block,
                x -> Checkpointed.apply(x, this::block))) {
            try (Tape tape = Tape.recording(backend, scope)) {
                long before = backend.memory().bytesInUse();
                block.apply(tape.variable(input));
                kept.add(backend.memory().bytesInUse() - before);
            }
        }
        assertThat(kept.get(1)).isEqualTo(input.bytes()).isLessThan(kept.get(0));
        assertThat(run(x -> Checkpointed.apply(x, this::block)).highWaterBytes())
                .isLessThan(run(this::block).highWaterBytes());
    }

    @Test
    void onAnInferenceTapeOnlyTheValueIsComputed() {
        try (Tape tape = Tape.inference(backend, scope); Tape plain = Tape.inference(backend, scope)) {
            Var y = Checkpointed.apply(tape.constant(input), this::block);
            assertThat(y.needsGradient()).isFalse();
            assertThat(y.value().toFloats()).isEqualTo(block(plain.constant(input)).value().toFloats());
        }
    }

    @Test
    void parametersOfABlockGetGradientsWhereItsInputNeedsNone() {
        Gradients gradients = new Gradients(scope, List.of(store));
        try (Tape tape = Tape.recording(backend, scope)) {
            tape.backward(Reductions.sum(Checkpointed.apply(tape.constant(input), this::block)), gradients);
        }
        assertThat(gradients.of(store.named("b")).toFloats()).doesNotContain(0);
    }

    private Var block(Var x) {
        Var h = Activations.dropout(Products.linear(x, store.named("w"), store.named("b")), 0.2, RandomKey.of(5));
        return Pointwise.add(x, Activations.gelu(h));
    }

    private Pass run(UnaryOperator<Var> block) {
        try (Scope step = scope.child("step"); Tape tape = Tape.recording(backend, step)) {
            Gradients gradients = new Gradients(step, List.of(store));
            backend.memory().resetHighWater();
            Var x = tape.variable(input);
            Var y = x;
            for (int i = 0; i < BLOCKS; i++) {
                y = block.apply(y);
            }
            Var loss = Reductions.mean(Pointwise.square(y));
            tape.backward(loss, gradients);
            return new Pass(loss.value().toFloats(), tape.gradient(x).toFloats(), gradients.arena(store).toFloats(),
                    backend.memory().highWaterBytes());
        }
    }
}
