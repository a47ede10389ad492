package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.rl.objective.Objective.PromptStates;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.Test;

class PolicyTest {
    /// Checklist point 10. States do not look ahead: without its last token a prompt has the mean of the prompt that
    /// ends there, to the bit.
    @Test
    void withoutItsLastTokenAPromptHasTheMeanOfTheShorterOne() {
        try (Backend backend = Backends.open("cpu", 1).backend();
             Scope scope = Scope.root("test", backend.memory());
             Tape tape = Tape.inference(backend, scope)) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Policy policy = new Policy(backend, Qwen.declare(store.root(), QwenConfig.tiny(16)), store);
            store.allocate();
            store.initialize(RandomKey.of(1));
            int[] ended = {6};
            List<Policy.Row> rows = List.of(new Policy.Row(new int[] {1, 2, 3, 6}, ended),
                    new Policy.Row(new int[] {4, 5, 7}, ended));
            List<Policy.Row> shorter = List.of(new Policy.Row(new int[] {1, 2, 3}, ended),
                    new Policy.Row(new int[] {4, 5}, ended));

            float[] expected = means(policy, tape, shorter, PromptStates.ALL);
            assertThat(means(policy, tape, rows, PromptStates.WITHOUT_LAST)).isEqualTo(expected);
            assertThat(means(policy, tape, rows, PromptStates.ALL)).isNotEqualTo(expected);
        }
    }

    /// Rows of 3, 4, 3, 5, 20 and 1 positions and at most 7 of them together: a part is as long as it may be, and a row
    /// that is too long is one by itself.
    @Test
    void rowsAreCutIntoPartsThatAreAsLongAsTheyMayBe() {
        List<Policy.Row> rows = IntStream.of(3, 4, 3, 5, 20, 1)
                .mapToObj(positions -> new Policy.Row(new int[positions], new int[1])).toList();
        assertThat(Policy.split(rows, 7)).containsExactly(rows.subList(0, 2), rows.subList(2, 3), rows.subList(3, 4),
                rows.subList(4, 5), rows.subList(5, 6));
        assertThat(Policy.split(rows, 1)).hasSize(6);
        assertThat(Policy.split(rows, 36)).containsExactly(rows);
        assertThat(Policy.split(List.of(), 7)).isEmpty();
    }

    private static float[] means(Policy policy, Tape tape, List<Policy.Row> rows, PromptStates states) {
        return policy.evaluate(tape, rows, 1, states).promptMean().value().toFloats();
    }
}
