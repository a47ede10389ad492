package org.flowrl.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.flowrl.autograd.ops.Products;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.api.Test;

class ParameterStoreTest extends BackendFixture {
    @Test
    void namesAreThePathsOfTheModuleTreeInOrderOfDeclaration() {
        ParameterStore store = emptyStore();
        Parameters layers = store.root().at("model").at("layers");
        layers.at(0).at("self_attn").at("q_proj").matrix("weight", Initializer.zeros(), 4, 2);
        layers.at(1).declare("norm", Initializer.ones(), 3);
        assertThat(store.parameters()).extracting(Parameter::name)
                .containsExactly("model.layers.0.self_attn.q_proj.weight", "model.layers.1.norm");
        assertThat(store.named("model.layers.1.norm").shape().toArray()).containsExactly(3);
        assertThatThrownBy(() -> store.named("norm")).hasMessage("parameter 'norm' is not in this store");
    }

    @Test
    void parametersStartAtMultiplesOfSixteenElementsAndGapsAreZero() {
        ParameterStore store = filled();
        assertThat(store.elements()).isEqualTo(16 + 32);
        assertThat(store.parameterCount()).isEqualTo(3 + 20);
        float[] arena = store.arena().toFloats();
        for (int i = 0; i < arena.length; i++) {
            boolean isGap = i >= 3 && i < 16 || i >= 36;
            assertThat(arena[i] == 0).as("element %d", i).isEqualTo(isGap);
        }
    }

    @Test
    void aFirstValueDependsOnSeedAndNameAlone() {
        ParameterStore one = filled();
        ParameterStore other = emptyStore();
        other.root().declare("earlier", Initializer.normal(1), 7);
        other.root().matrix("w", Initializer.normal(1), 4, 5);
        other.allocate();
        other.initialize(RandomKey.of(1));
        assertThat(other.named("w").value().toFloats()).isEqualTo(one.named("w").value().toFloats());
        assertThat(Arrays.copyOf(other.named("w").value().toFloats(), 7))
                .isNotEqualTo(other.named("earlier").value().toFloats());
        other.initialize(RandomKey.of(2));
        assertThat(other.named("w").value().toFloats()).isNotEqualTo(one.named("w").value().toFloats());
    }

    @Test
    void initializersDrawFromTheirLaws() {
        RandomKey key = RandomKey.of(1);
        int n = 10_000;
        double normalSquares = 0;
        double uniformSquares = 0;
        for (int i = 0; i < n; i++) {
            normalSquares += Math.pow(Initializer.normal(0.5).value(key, i), 2) / n;
            double u = Initializer.uniform(0.3).value(key, i);
            assertThat(u).isBetween(-0.3, 0.3);
            uniformSquares += u * u / n;
        }
        // Variances 0.25 and 0.3² / 3; the standard error of a mean of 10,000 squares is at most 1.4 % of it.
        assertThat(normalSquares).isBetween(0.25 * 0.95, 0.25 * 1.05);
        assertThat(uniformSquares).isBetween(0.03 * 0.95, 0.03 * 1.05);
        assertThat(Initializer.ones().value(key, 5)).isEqualTo(1);
        assertThat(Initializer.zeros().value(key, 5)).isEqualTo(0);
    }

    @Test
    void productsReadTheCopyOfTheLastRepack() {
        ParameterStore store = emptyStore();
        Parameter w = store.root().matrix("w", Initializer.ones(), 1, 1);
        store.allocate();
        store.initialize(RandomKey.of(1));
        store.set(w, new double[] {5});
        assertThat(product(w)).isEqualTo(1);
        store.repack();
        assertThat(product(w)).isEqualTo(5);
    }

    @Test
    void copyingTakesAllValuesAndRepacks() {
        ParameterStore from = filled();
        ParameterStore to = filled();
        to.initialize(RandomKey.of(9));
        to.copyFrom(from);
        assertThat(to.arena().toFloats()).isEqualTo(from.arena().toFloats());
        assertThat(product(to.named("w"))).isEqualTo(product(from.named("w")));
        ParameterStore stranger = emptyStore();
        stranger.allocate();
        assertThatThrownBy(() -> stranger.copyFrom(from)).hasMessage("copyFrom: the stores hold different parameters");
    }

    /// Matrices that are only multiplied by keep their packed copies, of the same bits, and nothing else.
    @Test
    void aStoreThatIsAllocatedFrozenKeepsPackedCopiesAlone() {
        ParameterStore whole = mixed();
        whole.allocate();
        whole.initialize(RandomKey.of(1));
        ParameterStore frozen = mixed();
        long before = backend.memory().bytesInUse();
        frozen.allocateFrozen(false, parameter -> parameter.value().copyFrom(whole.named(parameter.name()).value()));

        assertThat(frozen.named("tied").value().toFloats()).isEqualTo(whole.named("tied").value().toFloats());
        assertThat(frozen.named("b").value().toFloats()).isEqualTo(whole.named("b").value().toFloats());
        // b and tied have a block of 256 bytes each, as the two packed copies have; w's master is gone.
        assertThat(backend.memory().bytesInUse() - before).isEqualTo(4 * 256);
        assertThat(product(frozen.named("w"))).isEqualTo(product(whole.named("w")));
        assertThat(frozen.named("w").isTrainable()).isFalse();
        assertThatThrownBy(frozen.named("w")::value)
                .hasMessage("parameter w is frozen, its packed copy is all that is kept");
        assertThatThrownBy(frozen::arena).hasMessage("arena: this store is frozen and keeps packed copies alone");
        assertThatThrownBy(frozen::allocate).hasMessage("allocate: the parameters have their memory");
    }

    private ParameterStore mixed() {
        ParameterStore store = emptyStore();
        store.root().declare("b", Initializer.normal(1), 3);
        store.root().matrix("w", Initializer.normal(1), 1, 1);
        store.root().tiedMatrix("tied", Initializer.normal(1), 4, 5);
        return store;
    }

    @Test
    void misuseIsRefused() {
        assertThatThrownBy(() -> new ParameterStore(backend, scope, DType.BF16))
                .hasMessage("parameter store: masters BF16 must be F32 or F64, and packed copies BF16 of their type or "
                        + "BF16");
        assertThatThrownBy(() -> new ParameterStore(backend, scope, DType.F32, DType.F16))
                .hasMessageStartingWith("parameter store: masters F32 must be F32 or F64, and packed copies F16");
        ParameterStore store = emptyStore();
        Parameter bias = store.root().declare("bias", Initializer.zeros(), 3);
        Parameter w = store.root().matrix("w", Initializer.zeros(), 2, 2);
        assertThatThrownBy(() -> store.root().declare("bias", Initializer.zeros(), 3))
                .hasMessage("declare: parameter 'bias' is declared twice");
        assertThatThrownBy(bias::value).hasMessageContaining("has no memory yet: call ParameterStore.allocate");
        store.allocate();
        assertThatThrownBy(store::allocate).hasMessage("allocate: the parameters have their memory");
        assertThatThrownBy(() -> store.root().declare("late", Initializer.zeros(), 3))
                .hasMessage("declare: late after allocate");
        assertThatThrownBy(bias::packed).hasMessage("parameter bias [3] is not a matrix");
        assertThatThrownBy(w::packed).hasMessage("parameter w [2, 2] has no values yet: initialize, "
                + "load or repack its ParameterStore");
        Gradients other = new Gradients(scope, List.of());
        assertThatThrownBy(() -> other.arena(store)).isInstanceOf(IllegalArgumentException.class);
    }

    /// The sum of a matrix's elements, as products read them.
    private double product(Parameter w) {
        try (Tape tape = Tape.inference(backend, scope)) {
            float[] ones = new float[(int) w.shape().dim(1)];
            Arrays.fill(ones, 1);
            return Products.linear(tape.constant(scope.of(ones, 1, ones.length)), w, null).value().sum();
        }
    }

    /// `b` [3] at 0 and `w` [4, 5] at 16.
    private ParameterStore filled() {
        ParameterStore store = emptyStore();
        store.root().declare("b", Initializer.ones(), 3);
        store.root().matrix("w", Initializer.normal(1), 4, 5);
        store.allocate();
        store.initialize(RandomKey.of(1));
        return store;
    }

    private ParameterStore emptyStore() {
        return new ParameterStore(backend, scope, DType.F32);
    }
}
