package org.flowrl.rl;

import java.util.List;

/// The responses of one step, ordered by group, then sample.
///
/// @param responses every sampled answer
/// @param groups number of prompts
public record Rollout(List<Response> responses, int groups) {
    public Rollout {
        responses = List.copyOf(responses);
    }

    /// The rewards, in the order of the responses.
    public double[] rewards() {
        return responses.stream().mapToDouble(Response::reward).toArray();
    }

    /// Each response's group.
    public int[] groupIndices() {
        return responses.stream().mapToInt(Response::group).toArray();
    }

    /// Each response's length in tokens.
    public int[] lengths() {
        return responses.stream().mapToInt(Response::length).toArray();
    }

    /// Response tokens in all.
    public long tokens() {
        return responses.stream().mapToLong(Response::length).sum();
    }
}
