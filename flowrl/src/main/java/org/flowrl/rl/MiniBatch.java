package org.flowrl.rl;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// The responses of one optimizer step, which go through the model in parts: memory decides how many, and a part's
/// {@link Batch} knows the sizes of the whole that losses are normalised by.
///
/// @param place where this is, for messages
/// @param members their indices in the rollout
/// @param scores of the whole rollout
/// @param key of the optimizer step's random draws
record MiniBatch(String place, int[] members, Trainer.Scores scores, RandomKey key) {
    /// The responses with their prompts.
    List<Policy.Row> rows() {
        return Arrays.stream(members).mapToObj(scores.rows()::get).toList();
    }

    private long tokens() {
        return Arrays.stream(members).mapToLong(id -> scores.rows().get(id).response().length).sum();
    }

    /// Some of the responses as an objective takes them.
    ///
    /// @param scope holds the tensors
    /// @param ids of the responses, some of `members`
    /// @param maxResponseTokens length limit; without one it is the length of the part's longest
    Batch pack(Scope scope, int[] ids, OptionalInt maxResponseTokens) {
        ScoredRollout scored = scores.scored();
        Targets targets = scores.targets();
        int[] lengths = Arrays.stream(ids).map(id -> scored.rows().get(id).response().length).toArray();
        int[] starts = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            starts[i + 1] = starts[i] + lengths[i];
        }
        Tensor old = packed(scope, ids, starts, scored.oldLogProbs());
        Tensor sampler = scored.samplerLogProbs() == scored.oldLogProbs() ? old
                : packed(scope, ids, starts, scored.samplerLogProbs());
        Batch.Scores known = new Batch.Scores(old, sampler, packed(scope, ids, starts, scored.referenceLogProbs()),
                packed(scope, ids, starts, scored.values()));
        Batch.Aims aims = new Batch.Aims(packed(scope, ids, starts, targets.advantages()),
                packed(scope, ids, starts, targets.returns()), perRow(scope, ids, targets.logZ()));
        int limit = maxResponseTokens.orElseGet(() -> Arrays.stream(lengths).max().orElseThrow());
        return new Batch(scope.of(starts, starts.length), lengths, ids, known, aims, members.length, tokens(), limit,
                key);
    }

    /// The values of the tokens of some responses in a row; null for null.
    private static Tensor packed(Scope scope, int[] ids, int[] starts, List<float[]> values) {
        if (values == null) {
            return null;
        }
        float[] all = new float[starts[ids.length]];
        for (int i = 0; i < ids.length; i++) {
            System.arraycopy(values.get(ids[i]), 0, all, starts[i], starts[i + 1] - starts[i]);
        }
        return scope.of(all, all.length);
    }

    private static Tensor packed(Scope scope, int[] ids, int[] starts, double[][] values) {
        if (values == null) {
            return null;
        }
        float[] all = new float[starts[ids.length]];
        for (int i = 0; i < ids.length; i++) {
            for (int t = 0; t < starts[i + 1] - starts[i]; t++) {
                all[starts[i] + t] = (float) values[ids[i]][t];
            }
        }
        return scope.of(all, all.length);
    }

    private static Tensor perRow(Scope scope, int[] ids, double[] values) {
        if (values == null) {
            return null;
        }
        float[] all = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            all[i] = (float) values[ids[i]];
        }
        return scope.of(all, all.length);
    }
}
