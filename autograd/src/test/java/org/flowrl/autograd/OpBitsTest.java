package org.flowrl.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider.Candidate;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The op suite in F32: the vector backend against the reference backend, bit for bit.
class OpBitsTest {
    @BeforeAll
    static void theVectorBackendIsAvailable() {
        List<Candidate> vector = Backends.candidates().stream().filter(c -> c.name().equals("vector")).toList();
        assumeTrue(!vector.isEmpty(), "no provider offers the vector backend");
        assumeTrue(vector.getFirst().available(), "vector backend: " + vector.getFirst().reason());
    }

    @ParameterizedTest
    @MethodSource("org.flowrl.autograd.OpTable#rows")
    void theVectorBackendGivesTheReferencesBits(OpCase row) {
        Map<String, float[]> expected = compute(row, "reference", 1);
        assertSameBits(compute(row, "vector", 1), expected);
        assertSameBits(compute(row, "vector", 2), expected);
    }

    private static void assertSameBits(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertThat(actual.get(name)).as(name).isEqualTo(values));
    }

    /// The value and all gradients by name.
    private static Map<String, float[]> compute(OpCase row, String device, int threads) {
        Map<String, float[]> results = new LinkedHashMap<>();
        try (Backend backend = Backends.open(device, threads).backend();
                Scope scope = Scope.root("bits", backend.memory())) {
            OpCase.Instance operands = row.on(backend, scope, DType.F32);
            Gradients gradients = new Gradients(scope, List.of(operands.store()));
            try (Tape tape = Tape.recording(backend, scope)) {
                List<Var> variables = new ArrayList<>();
                operands.inputs().forEach(input -> variables.add(tape.variable(input)));
                Var value = row.expression().apply(tape, variables, operands.store());
                results.put("value", value.value().toFloats());
                tape.backward(value, seed(tape, value.value()), gradients);
                for (int i = 0; i < variables.size(); i++) {
                    results.put("gradient of input " + i, tape.gradient(variables.get(i)).toFloats());
                }
            }
            for (Parameter parameter : operands.store().parameters()) {
                results.put("gradient of " + parameter.name(), gradients.of(parameter).toFloats());
            }
        }
        return results;
    }

    private static Tensor seed(Tape tape, Tensor value) {
        Tensor seed = tape.like(value);
        for (int i = 0; i < seed.elements(); i++) {
            seed.set(i, RandomKey.of(3).normal(i));
        }
        return seed;
    }
}
