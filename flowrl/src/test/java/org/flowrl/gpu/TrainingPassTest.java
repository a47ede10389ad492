package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Numbers;
import org.flowrl.tensor.cpu.ReferenceBackend;
import org.flowrl.transformer.PackedSequences;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model's training pass on the emulated card, the halves of whose blocks are one op each, beside that of the
/// reference backend, whose operations, finite differences in F64 hold, are composed.
class TrainingPassTest {
    private static final List<int[]> SEQUENCES = List.of(new int[] {5, 7, 1, 30, 2, 9, 9, 4, 3}, new int[] {3, 1});

    private final String precision = System.getProperty(ProductPrecision.PROPERTY);

    @BeforeEach
    void useTheEmulatedCard() {
        EmulatedCuda.use();
    }

    @AfterEach
    void restorePrecision() {
        if (precision == null) {
            System.clearProperty(ProductPrecision.PROPERTY);
        } else {
            System.setProperty(ProductPrecision.PROPERTY, precision);
        }
    }

    /// Hidden states, then the gradients of their square, one tensor for each parameter.
    private static List<Tensor> pass(Backend backend, Scope scope, DType packed, String model, boolean hasBias,
            int feedForward) {
        QwenConfig config = new QwenConfig(model, 37, 32, feedForward, 2, 4, 2, 8, 64, 1e-6, 10_000, hasBias, true,
                0.2, OptionalInt.empty(), List.of(1), OptionalInt.empty());
        ParameterStore store = new ParameterStore(backend, scope, DType.F32, packed);
        Qwen qwen = Qwen.declare(store.root(), config);
        store.allocate();
        CachedPassTest.randomize(store);
        Gradients gradients = new Gradients(scope, List.of(store));
        List<Tensor> results = new ArrayList<>();
        try (Tape tape = Tape.recording(backend, scope)) {
            Var hidden = qwen.forward(tape, PackedSequences.of(tape.scope(), SEQUENCES));
            results.add(hidden.value().copy(scope));
            tape.backward(Reductions.sum(Pointwise.square(hidden)), gradients);
        }
        store.parameters().forEach(parameter -> results.add(gradients.of(parameter)));
        return results;
    }

    /// Sums in another order, as the backend's contract has it, through two blocks and back; with BF16 all factors of
    /// products are rounded to it, each by up to 2^-8 of itself, in twelve products after another. Feed-forward sizes
    /// of fours and others; Qwen3 norms heads, with biases before or without.
    @ParameterizedTest
    @CsvSource({"weights, F32, qwen2, true, 44, 2e-4", "f32, F32, qwen2, true, 45, 2e-4",
        "weights, BF16, qwen2, true, 44, 0.06", "bf16, BF16, qwen2, true, 45, 0.06",
        "weights, F32, qwen3, false, 44, 2e-4", "weights, F32, qwen3, true, 44, 2e-4",
        "weights, BF16, qwen3, false, 44, 0.06"})
    void gradientsAreThoseOfTheComposedOperations(String products, DType packed, String model, boolean hasBias,
            int feedForward, double tolerance) {
        System.setProperty(ProductPrecision.PROPERTY, products);
        try (Backend card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0); Backend host = new ReferenceBackend();
                Scope onCard = Scope.root("card", card.memory()); Scope onHost = Scope.root("host", host.memory())) {
            assertThat(card.fusedGradients(packed)).isPresent();
            assertThat(host.fusedGradients(packed)).isEmpty();
            Numbers.assertClose(products, pass(host, onHost, DType.F32, model, hasBias, feedForward),
                    pass(card, onCard, packed, model, hasBias, feedForward), tolerance);
        }
    }

    @ParameterizedTest
    @CsvSource({"f32, BF16", "bf16, F32", "tf32, BF16"})
    void weightsOfAnotherTypeThanTheirGradientsOperandsAreComposed(String products, DType packed) {
        System.setProperty(ProductPrecision.PROPERTY, products);
        try (Backend card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0)) {
            assertThat(card.fusedGradients(packed)).isEmpty();
        }
    }
}
