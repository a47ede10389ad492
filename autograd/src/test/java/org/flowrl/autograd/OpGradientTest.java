package org.flowrl.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Attention;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.Norms;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OpGradientTest {
    /// The project's bar for every op in F64 (design/architecture.md); the differences themselves are good to 1e-7.
    private static final double TOLERANCE = 1e-6;

    @ParameterizedTest
    @MethodSource("org.flowrl.autograd.OpTable#rows")
    void gradientsAreThoseOfFiniteDifferences(OpCase row) {
        try (GradCheck check = GradCheck.open()) {
            OpCase.Instance operands = row.on(check.backend(), check.scope(), DType.F64);
            GradCheck.Result result = check.check((tape, x) -> row.expression().apply(tape, x, operands.store()),
                    List.of(operands.store()), operands.inputs().toArray(Tensor[]::new));
            result.requireBelow(TOLERANCE);
        }
    }

    @Test
    void everyOpHasARow() {
        // The only place that asks classes for their methods: a list by hand would not notice a new op.
        Set<String> ops = Stream.of(Activations.class, Attention.class, Head.class, Norms.class, Pointwise.class,
                Products.class, Reductions.class, Rows.class, Checkpointed.class)
                .flatMap(type -> Stream.of(type.getDeclaredMethods()))
                .filter(method -> Modifier.isPublic(method.getModifiers()))
                .map(method -> method.getDeclaringClass().getSimpleName() + "." + method.getName())
                .collect(Collectors.toSet());
        Set<String> rows = OpTable.rows().map(row -> row.name().split("[ ,:]")[0]).collect(Collectors.toSet());
        assertThat(rows).containsAll(ops);
    }
}
