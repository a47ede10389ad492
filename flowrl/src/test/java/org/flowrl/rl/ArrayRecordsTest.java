package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalDouble;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.toy.Toy;
import org.junit.jupiter.api.Test;

/// Records with arrays are equal, and shown, by what is in the arrays.
class ArrayRecordsTest {
    @Test
    void responses() {
        assertThat(response(4)).isEqualTo(response(4)).hasSameHashCodeAs(response(4)).isNotEqualTo(response(5))
                .hasToString("Response[problem=p-1, group=0, sample=2, prompt=[1], tokens=[4, 0], "
                        + "logProbs=[-1.0, -2.0], finished=true, text=a, verdict=" + new Verdict.Correct(1)
                        + ", lengthPenalty=-0.5]");
    }

    private static Response response(int first) {
        return new Response(new Problem("p-1", "question", "a"), 0, 2, new int[] {1}, new int[] {first, 0},
                new float[] {-1, -2}, true, "a", new Verdict.Correct(1), -0.5);
    }

    @Test
    void rows() {
        assertThat(row(4)).isEqualTo(row(4)).hasSameHashCodeAs(row(4)).isNotEqualTo(row(5))
                .hasToString("Row[prompt=[1, 2], response=[4]]");
    }

    private static Policy.Row row(int token) {
        return new Policy.Row(new int[] {1, 2}, new int[] {token});
    }

    @Test
    void trainedToys() {
        assertThat(toy(0.5)).isEqualTo(toy(0.5)).hasSameHashCodeAs(toy(0.5)).isNotEqualTo(toy(0.25))
                .asString().contains("probabilities=[0.5]");
    }

    private static Toy.Result toy(double probability) {
        return new Toy.Result(Toy.Method.values()[0], new double[] {probability}, OptionalDouble.empty());
    }
}
