package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.assertj.core.data.Offset;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Draws from distributions that are cut off, and of the best word, against the specification on the same logits.
class CudaDrawsTest {
    private static final double[] UNIFORMS = {0, 0.1, 0.5, 0.9999, 1 - 0x1p-53};
    /// Words of a part of a row.
    private static final int PART = 4096;
    /// Logits about 10 are rounded to 1e-6 of the next F32, and so is the logarithm of the sum.
    private static final Offset<Float> ROUNDING = Offset.offset(2e-6f);

    private CudaBackend card;
    private Backend reference;

    @BeforeEach
    void open() {
        CudaContract.useCard();
        card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
        reference = Backends.open("reference", 1).backend();
    }

    @AfterEach
    void close() {
        card.close();
        reference.close();
    }

    /// Rows of logits [rows][words]: spread out and all different, in steps of a half so that many tie, all the same
    /// with zeros of both signs, falling from the first word to the last, and one that towers over all.
    private static float[][] logits(int words) {
        RandomKey key = RandomKey.of(11).fold(words);
        List<DoubleUnaryOperator> rows = List.of(v -> 4 * key.normal((long) v),
                v -> Math.rint(5 * key.normal((long) v)) / 2, v -> v % 3 == 0 ? -0.0 : 0, v -> 20 - 1e-3 * v,
                v -> v == words / 2 ? 60 : key.normal((long) v));
        float[][] logits = new float[rows.size()][words];
        for (int row = 0; row < logits.length; row++) {
            for (int v = 0; v < words; v++) {
                logits[row][v] = (float) rows.get(row).applyAsDouble(v);
            }
        }
        return logits;
    }

    private record Drawn(int[] tokens, float[] logProbs) {
    }

    /// Draws of each row by each uniform number: a hidden state that is 1 at `row` picks the row's logits out of a
    /// weight [V, rows], exactly so.
    private static Drawn draw(Backend backend, float[][] logits, SamplingLaw law) {
        int rows = logits.length;
        int words = logits[0].length;
        int draws = rows * UNIFORMS.length;
        float[] weight = new float[words * rows];
        float[] hidden = new float[draws * rows];
        double[] uniforms = new double[draws];
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < words; v++) {
                weight[v * rows + row] = logits[row][v];
            }
            for (int i = 0; i < UNIFORMS.length; i++) {
                int draw = row * UNIFORMS.length + i;
                hidden[draw * rows + row] = 1;
                uniforms[draw] = UNIFORMS[i];
            }
        }
        try (Scope scope = Scope.root("draws", backend.memory())) {
            Tensor tokens = scope.zeros(DType.I32, draws);
            Tensor logProbs = scope.zeros(DType.F32, draws);
            backend.heads().sample(scope.of(hidden, draws, rows), backend.matmul().pack(scope.of(weight, words, rows),
                    DType.F32, scope), law, scope.of(uniforms, draws), tokens, logProbs);
            return new Drawn(tokens.toInts(), logProbs.toFloats());
        }
    }

    private static List<SamplingLaw> truncated(int words) {
        List<SamplingLaw> laws = new ArrayList<>();
        for (int k : new int[] {0, 1, 20, 300, words + 1}) {
            for (double p : new double[] {1e-9, 0.8, 1}) {
                if (k > 0 || p < 1) {
                    laws.add(new SamplingLaw(k % 2 == 0 ? 0.6 : 1, k, p));
                }
            }
        }
        return laws;
    }

    /// Words of less than a thread's, of odd rows, of whole parts and of one word more or less.
    @ParameterizedTest
    @ValueSource(ints = {1, 31, 300, 2 * PART, 2 * PART + 1})
    void truncatedDrawsAreThoseOfTheSpecification(int words) {
        float[][] logits = logits(words);
        for (SamplingLaw law : truncated(words)) {
            Drawn expected = draw(reference, logits, law);
            Drawn actual = draw(card, logits, law);
            assertThat(actual.tokens).as("%s", law).isEqualTo(expected.tokens);
            assertThat(actual.logProbs).as("%s", law).isEqualTo(expected.logProbs);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 31, 300, 2 * PART, 2 * PART + 1, 2 * PART - 1})
    void theBestWordIsTheFirstOfTheHighestLogit(int words) {
        float[][] logits = logits(words);
        Drawn expected = draw(reference, logits, SamplingLaw.greedy());
        Drawn actual = draw(card, logits, SamplingLaw.greedy());
        assertThat(actual.tokens).isEqualTo(expected.tokens);
        assertThat(actual.logProbs).containsExactly(expected.logProbs, ROUNDING);
    }

    /// A row of parts is known to a block by a thread for each.
    @Test
    void moreWordsThanABlockHasPartsForAreRefused() {
        float[][] logits = new float[1][256 * PART + 1];
        assertThatThrownBy(() -> draw(card, logits, SamplingLaw.greedy())).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("sample: weight [1048577, 1] must have at most 1048576 words");
    }

    /// One word that is not a number, in the last part, spoils the row under every law.
    @Test
    void aRowWithoutADistributionIsNamed() {
        float[][] logits = logits(PART + 5);
        logits[2][PART + 3] = Float.NaN;
        for (SamplingLaw law : List.of(SamplingLaw.greedy(), new SamplingLaw(1, 5, 1), new SamplingLaw(1, 0, 0.5))) {
            assertThatThrownBy(() -> draw(card, logits, law)).isInstanceOf(ArithmeticException.class);
        }
    }
}
