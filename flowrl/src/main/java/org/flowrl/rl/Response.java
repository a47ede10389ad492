package org.flowrl.rl;

import java.util.Arrays;
import java.util.Optional;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;

/// One sampled answer. The token ids are the record of truth; the text is for verifiers and people.
///
/// @param problem what was asked
/// @param group the prompt's slot in its rollout: responses of one group answer the same prompt
/// @param sample the number of this response within its group
/// @param prompt the prompt's tokens
/// @param tokens the response's tokens, the end-of-sequence token included where it was sampled
/// @param logProbs log-probability of each response token under the law that sampled it, in nats
/// @param finished true where the end-of-sequence token was sampled
/// @param text the response's text, without the end-of-sequence token
/// @param verdict of the task's verifier
/// @param lengthPenalty added to the verifier's reward for a response that is nearly or wholly too long; 0 or less
public record Response(Problem problem, int group, int sample, int[] prompt, int[] tokens, float[] logProbs,
        boolean finished, String text, Verdict verdict, double lengthPenalty) {
    private static final Problem NONE = new Problem("", "", "");

    /// A response to no problem in particular, without a penalty for its length: for plans and formulas, in which texts
    /// have no part.
    public Response(int group, int sample, int[] prompt, int[] tokens, float[] logProbs, boolean finished,
            String text, Verdict verdict) {
        this(NONE, group, sample, prompt, tokens, logProbs, finished, text, verdict, 0);
    }

    /// The response's tokens, counted with the end-of-sequence token.
    public int length() {
        return tokens.length;
    }

    /// What is learned from: the verifier's reward and the penalty for length.
    public double reward() {
        return verdict.reward() + lengthPenalty;
    }

    /// The solution that this response is an instance of; empty where it is not correct.
    public Optional<String> solution() {
        return verdict instanceof Verdict.Correct correct ? correct.solution().or(() -> Optional.of(text))
                : Optional.empty();
    }

    /// This response as a member of another group.
    Response inGroup(int number) {
        return number == group ? this : new Response(problem, number, sample, prompt, tokens, logProbs, finished, text,
                verdict, lengthPenalty);
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof Response other && Arrays.deepEquals(parts(), other.parts());
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(parts());
    }

    @Override
    public String toString() {
        return "Response[problem=" + problem.id() + ", group=" + group + ", sample=" + sample + ", prompt="
                + Arrays.toString(prompt) + ", tokens=" + Arrays.toString(tokens) + ", logProbs="
                + Arrays.toString(logProbs) + ", finished=" + finished + ", text=" + text + ", verdict=" + verdict
                + ", lengthPenalty=" + lengthPenalty + "]";
    }

    /// Records compare arrays by identity; these are compared by their values.
    private Object[] parts() {
        return new Object[] {problem, group, sample, prompt, tokens, logProbs, finished, text, verdict, lengthPenalty};
    }
}
