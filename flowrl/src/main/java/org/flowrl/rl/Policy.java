package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.rl.objective.Objective.PromptStates;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.transformer.PackedSequences;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.Qwen.Activations;
import org.flowrl.transformer.QwenConfig;

/// A language model as a distribution over responses to prompts: R response tokens of some rows, packed.
///
/// A row is fed as prompt and response without the response's last token, since the hidden state at a position predicts
/// the next token: P + T − 1 positions for a prompt of P and a response of T tokens.
public final class Policy {
    /// Added to the number of prompt tokens that a mean divides by, as FlowRL's released code does.
    public static final double PROMPT_COUNT_EPSILON = 1e-8;

    private final Backend backend;
    private final Qwen model;
    private final ParameterStore parameters;

    /// @param model whose parameters are `parameters`
    public Policy(Backend backend, Qwen model, ParameterStore parameters) {
        this.backend = backend;
        this.model = model;
        this.parameters = parameters;
    }

    /// A prompt and a response to it.
    public record Row(int[] prompt, int[] response) {
        public Row {
            if (prompt.length == 0 || response.length == 0) {
                throw new IllegalArgumentException("policy: a row needs a prompt and a response of at least one token, "
                        + "not " + prompt.length + " and " + response.length);
            }
        }

        /// Positions that the model computes for this row.
        int positions() {
            return prompt.length + response.length - 1;
        }

        @Override
        public boolean equals(Object object) {
            return object instanceof Row other && Arrays.deepEquals(parts(), other.parts());
        }

        @Override
        public int hashCode() {
            return Arrays.deepHashCode(parts());
        }

        @Override
        public String toString() {
            return "Row[prompt=" + Arrays.toString(prompt) + ", response=" + Arrays.toString(response) + "]";
        }

        /// Records compare arrays by identity; these are compared by their values.
        private Object[] parts() {
            return new Object[] {prompt, response};
        }
    }

    /// The model.
    public Qwen model() {
        return model;
    }

    /// The model's parameters.
    public ParameterStore parameters() {
        return parameters;
    }

    /// The backend that the model computes on.
    public Backend backend() {
        return backend;
    }

    /// Bytes that a backward pass holds for each position: the values of every block, and the gradients of one block,
    /// since each gradient is freed when it has been used.
    public long activationBytesPerPosition() {
        QwenConfig config = model.config();
        long heads = (long) config.numAttentionHeads() * config.headDim();
        long keys = (long) config.numKeyValueHeads() * config.headDim();
        long perBlock = 6L * config.hiddenSize() + 3 * heads + 3 * keys + 3L * config.intermediateSize();
        return (config.numHiddenLayers() + 1) * perBlock * parameters.dtype().bytes();
    }

    /// Log-probabilities and entropies of the rows' response tokens, in row order, and the mean prompt states asked
    /// for.
    ///
    /// @param temperature logits are divided by it
    public PolicyOutput evaluate(Tape tape, List<Row> rows, double temperature, PromptStates states) {
        return evaluate(tape, rows, temperature, states, Activations.KEPT);
    }

    /// As {@link #evaluate(Tape, List, double, PromptStates)}, with a choice of what a recording tape keeps.
    public PolicyOutput evaluate(Tape tape, List<Row> rows, double temperature, PromptStates states,
            Activations activations) {
        int[] targets = new int[responseTokens(rows)];
        int at = 0;
        for (Row row : rows) {
            System.arraycopy(row.response(), 0, targets, at, row.response().length);
            at += row.response().length;
        }
        Var hidden = forward(tape, rows, activations);                                          // [N, D]
        Var last = predicting(hidden, rows);                                                    // [R, D]
        Head.LogProbs head = Head.logProbs(last, model.head(), tape.scope().of(targets, targets.length), temperature);
        Var mean = states == PromptStates.NONE ? null : promptMean(hidden, rows, states);
        return new PolicyOutput(head.logProb(), head.entropy(), mean);
    }

    /// The final hidden states at the positions that emit the rows' response tokens, in row order, [R, D].
    public Var responseStates(Tape tape, List<Row> rows, Activations activations) {
        return predicting(forward(tape, rows, activations), rows);
    }

    /// The final hidden states of every position of the rows, [N, D].
    private Var forward(Tape tape, List<Row> rows, Activations activations) {
        int[] starts = new int[rows.size() + 1];
        for (int i = 0; i < rows.size(); i++) {
            starts[i + 1] = Math.addExact(starts[i], rows.get(i).positions());
        }
        int[] inputs = new int[starts[rows.size()]];
        for (int i = 0; i < rows.size(); i++) {
            int[] prompt = rows.get(i).prompt();
            int[] response = rows.get(i).response();
            System.arraycopy(prompt, 0, inputs, starts[i], prompt.length);
            System.arraycopy(response, 0, inputs, starts[i] + prompt.length, response.length - 1);
        }
        return model.forward(tape, PackedSequences.of(tape.scope(), inputs, starts), activations);
    }

    private static int responseTokens(List<Row> rows) {
        int tokens = 0;
        for (Row row : rows) {
            tokens += row.response().length;
        }
        return tokens;
    }

    /// The rows of `hidden` that emit response tokens.
    private static Var predicting(Var hidden, List<Row> rows) {
        int[] predicting = new int[responseTokens(rows)];
        int at = 0;
        int start = 0;
        for (Row row : rows) {
            for (int t = 0; t < row.response().length; t++) {
                predicting[at++] = start + row.prompt().length - 1 + t;
            }
            start += row.positions();
        }
        return Rows.gather(hidden, hidden.tape().scope().of(predicting, predicting.length));
    }

    /// The log-probabilities of each row's response tokens, without a gradient.
    ///
    /// @param scope for working memory, which is freed before returning
    /// @param maxPositions positions computed at a time; does not change a bit where the backend is row-invariant
    public List<float[]> score(Scope scope, List<Row> rows, double temperature, long maxPositions) {
        List<float[]> scores = new ArrayList<>(rows.size());
        for (List<Row> part : split(rows, maxPositions)) {
            try (Tape tape = Tape.inference(backend, scope)) {
                float[] logProbs = evaluate(tape, part, temperature, PromptStates.NONE).logProbs().value().toFloats();
                int at = 0;
                for (Row row : part) {
                    scores.add(Arrays.copyOfRange(logProbs, at, at += row.response().length));
                }
            }
        }
        return scores;
    }

    /// Cuts rows into consecutive parts of at most `maxPositions` positions, but at least one row.
    public static List<List<Row>> split(List<Row> rows, long maxPositions) {
        List<List<Row>> parts = new ArrayList<>();
        int from = 0;
        long positions = 0;
        for (int i = 0; i < rows.size(); i++) {
            positions += rows.get(i).positions();
            if (positions > maxPositions && i > from) {
                parts.add(rows.subList(from, i));
                from = i;
                positions = rows.get(i).positions();
            }
        }
        if (from < rows.size()) {
            parts.add(rows.subList(from, rows.size()));
        }
        return parts;
    }

    /// Each row's mean of the final hidden states over its prompt, [rows, D].
    private Var promptMean(Var hidden, List<Row> rows, PromptStates states) {
        Scope scope = hidden.tape().scope();
        int[] starts = new int[rows.size() + 1];
        float[] inverse = new float[rows.size()];
        for (int i = 0; i < rows.size(); i++) {
            int count = rows.get(i).prompt().length - (states == PromptStates.WITHOUT_LAST ? 1 : 0);
            starts[i + 1] = starts[i] + count;
            inverse[i] = (float) (1 / (count + PROMPT_COUNT_EPSILON));
        }
        int[] positions = new int[starts[rows.size()]];
        int start = 0;
        for (int i = 0; i < rows.size(); i++) {
            for (int p = starts[i]; p < starts[i + 1]; p++) {
                positions[p] = start + p - starts[i];
            }
            start += rows.get(i).positions();
        }
        Tensor segments = scope.of(starts, starts.length);
        Var sums = Rows.segmentSum(Rows.gather(hidden, scope.of(positions, positions.length)), segments);  // [rows, D]
        return Pointwise.multiply(sums, hidden.tape().constant(repeatColumns(scope, inverse, hidden.dim(1))));
    }

    /// [rows, columns] with each row full of its own value.
    private Tensor repeatColumns(Scope scope, float[] values, long columns) {
        int[] starts = new int[values.length + 1];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = Math.toIntExact(i * columns);
        }
        Tensor repeated = scope.allocate(parameters.dtype(), values.length * columns);
        backend.rows().segmentBroadcast(scope.of(values, values.length), scope.of(starts, starts.length), repeated);
        return repeated.reshape(values.length, columns);
    }
}
