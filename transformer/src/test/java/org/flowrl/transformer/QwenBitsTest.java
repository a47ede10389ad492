package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A token's hidden state, logits and log-probability have the same bits however its sequence is computed.
class QwenBitsTest {
    /// On both sides of a page of 16 and of a block of 256 keys.
    private static final int[] LENGTHS = {1, 15, 16, 17, 40, 270};

    static Stream<Arguments> models() {
        return ModelFixture.backends().flatMap(backend -> TinyConfigs.all().stream()
                .map(config -> Arguments.of(config, backend)));
    }

    private static ModelFixture fixture(QwenConfig config, String backend, int threads) {
        return ModelFixture.random(config, backend, threads, DType.F32, 11);
    }

    private static List<int[]> sequences(QwenConfig config) {
        return ModelFixture.sequences(config, 12, LENGTHS);
    }

    /// The hidden states of each sequence by itself.
    private static List<float[]> alone(ModelFixture fixture, List<int[]> sequences) {
        return sequences.stream().map(sequence -> together(fixture, List.of(sequence)).getFirst()).toList();
    }

    /// The hidden states of each sequence of one packed batch.
    private static List<float[]> together(ModelFixture fixture, List<int[]> sequences) {
        try (Tape tape = Tape.inference(fixture.backend(), fixture.scope())) {
            Var hidden = fixture.model().forward(tape, PackedSequences.of(tape.scope(), sequences));
            return split(hidden.value(), sequences);
        }
    }

    private static List<float[]> split(Tensor hidden, List<int[]> sequences) {
        List<float[]> parts = new ArrayList<>();
        int from = 0;
        for (int[] sequence : sequences) {
            parts.add(hidden.slice(from, sequence.length).toFloats());
            from += sequence.length;
        }
        return parts;
    }

    private static void assertSame(List<float[]> actual, List<float[]> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i)).as("sequence " + i).isEqualTo(expected.get(i));
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void batchesCanBeSplitAndShuffled(QwenConfig config, String backend) {
        try (ModelFixture fixture = fixture(config, backend, 2)) {
            List<int[]> sequences = sequences(config);
            List<float[]> alone = alone(fixture, sequences);
            assertSame(together(fixture, sequences), alone);
            int[] order = {4, 0, 5, 3, 1, 2};
            assertSame(together(fixture, IntStream.of(order).mapToObj(sequences::get).toList()),
                    IntStream.of(order).mapToObj(alone::get).toList());
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void oneThreadAndTwoGiveTheSameStatesAndGradients(QwenConfig config, String backend) {
        try (ModelFixture one = fixture(config, backend, 1); ModelFixture two = fixture(config, backend, 2)) {
            List<int[]> sequences = sequences(config);
            assertSame(together(one, sequences), together(two, sequences));
            Gradients ofOne = new Gradients(one.scope(), List.of(one.store()));
            Gradients ofTwo = new Gradients(two.scope(), List.of(two.store()));
            assertThat(one.differentiate(sequences, Qwen.Activations.KEPT, ofOne))
                    .isEqualTo(two.differentiate(sequences, Qwen.Activations.KEPT, ofTwo));
            for (Parameter parameter : one.store().parameters()) {
                assertThat(ofTwo.of(two.store().named(parameter.name())).toFloats()).as(parameter.name())
                        .isEqualTo(ofOne.of(parameter).toFloats());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void aRecordingTapeComputesWhatATapeOfInferenceDoes(QwenConfig config, String backend) {
        try (ModelFixture fixture = fixture(config, backend, 2)) {
            List<int[]> sequences = sequences(config);
            for (Qwen.Activations activations : Qwen.Activations.values()) {
                try (Tape tape = Tape.recording(fixture.backend(), fixture.scope())) {
                    PackedSequences tokens = PackedSequences.of(tape.scope(), sequences);
                    Var hidden = fixture.model().forward(tape, tokens, activations);
                    assertSame(split(hidden.value(), sequences), together(fixture, sequences));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void paddedInputGivesWhatPackedInputDoes(QwenConfig config, String backend) {
        try (ModelFixture fixture = fixture(config, backend, 2)) {
            List<int[]> sequences = sequences(config);
            int columns = 275;
            int[] ids = new int[sequences.size() * columns];
            int[] mask = new int[ids.length];
            for (int b = 0; b < sequences.size(); b++) {
                int length = sequences.get(b).length;
                int at = b * columns + (b % 2 == 0 ? 0 : columns - length);
                System.arraycopy(sequences.get(b), 0, ids, at, length);
                Arrays.fill(mask, at, at + length, 1);
            }
            PaddedBatch batch = PaddedBatch.of(fixture.scope().of(ids, sequences.size(), columns),
                    fixture.scope().of(mask, sequences.size(), columns));
            assertSame(together(fixture, batch.sequences()), alone(fixture, sequences));
        }
    }

    /// The cache is filled in parts of every size, several sequences at once, and by single tokens.
    @ParameterizedTest
    @MethodSource("models")
    void aCacheFilledInAnyPartsGivesWhatWholeSequencesDo(QwenConfig config, String backend) {
        try (ModelFixture fixture = fixture(config, backend, 2)) {
            List<int[]> sequences = sequences(config);
            List<float[]> expected = together(fixture, sequences);
            for (int part : new int[] {1, 7, 16, 300}) {
                KvCache cache = new KvCache(config, DType.F32, fixture.scope(), 40);
                int[] numbers = IntStream.range(0, LENGTHS.length).map(b -> cache.open()).toArray();
                float[][] states = new float[LENGTHS.length][0];
                for (int from = 0; from < 270; from += part) {
                    feed(fixture, cache, numbers, sequences, from, part, states);
                }
                assertSame(List.of(states), expected);
            }
        }
    }

    private static void feed(ModelFixture fixture, KvCache cache, int[] numbers, List<int[]> sequences, int from,
            int part, float[][] states) {
        int start = from;
        int[] members = IntStream.range(0, numbers.length).filter(b -> start < sequences.get(b).length).toArray();
        int[][] tokens = new int[members.length][];
        for (int i = 0; i < members.length; i++) {
            int[] all = sequences.get(members[i]);
            tokens[i] = Arrays.copyOfRange(all, from, Math.min(all.length, from + part));
        }
        try (Tape tape = Tape.inference(fixture.backend(), fixture.scope())) {
            int[] chosen = IntStream.of(members).map(b -> numbers[b]).toArray();
            Var hidden = fixture.model().forward(tape, cache.prepare(tape.scope(), chosen, tokens));
            List<float[]> parts = split(hidden.value(), List.of(tokens));
            for (int i = 0; i < members.length; i++) {
                float[] before = states[members[i]];
                float[] after = Arrays.copyOf(before, before.length + parts.get(i).length);
                System.arraycopy(parts.get(i), 0, after, before.length, parts.get(i).length);
                states[members[i]] = after;
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void aForkedPromptGivesWhatAnUnforkedOneDoes(QwenConfig config, String backend) {
        try (ModelFixture fixture = fixture(config, backend, 2)) {
            for (int length : new int[] {5, 16, 21}) {
                int[] prompt = ModelFixture.sequences(config, 13, length).getFirst();
                int[][] answers = ModelFixture.sequences(config, 14, 14, 14).toArray(int[][]::new);
                List<int[]> whole = Stream.of(answers).map(answer -> IntStream.concat(IntStream.of(prompt),
                        IntStream.of(answer)).toArray()).toList();
                KvCache cache = new KvCache(config, DType.F32, fixture.scope(), 8);
                float[][] ignored = new float[1][0];
                int base = cache.open();
                feed(fixture, cache, new int[] {base}, List.of(prompt), 0, length, ignored);
                int[] forks = {cache.fork(base), cache.fork(base)};
                cache.close(base);
                float[][] states = new float[2][0];
                for (int t = 0; t < 14; t++) {
                    feed(fixture, cache, forks, List.of(answers), t, 1, states);
                }
                List<float[]> expected = together(fixture, whole).stream().map(all ->
                        Arrays.copyOfRange(all, length * config.hiddenSize(), all.length)).toList();
                assertSame(List.of(states), expected);
            }
        }
    }
}
