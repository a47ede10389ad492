package org.flowrl.rl.grade;

import java.util.Optional;
import org.flowrl.rl.task.Verdict;

/// Graders that take the last box of a response and compare its content with the gold answer in Hendrycks' normal form:
/// `hendrycks` (the MATH data set's own) and `math-reward` (verl `reward_score/math_reward.py`). 1 or 0.
///
/// @param normalizer which version of the normal form
record BoxedGrader(String name, HendrycksNormalizer normalizer) implements Grader {
    @Override
    public Optional<String> answer(String response) {
        return Boxes.lastOrBlank(response).flatMap(Boxes::content);
    }

    @Override
    public Verdict grade(String gold, String response) {
        return answer(response).map(answer -> compare(gold, answer))
                .orElseGet(() -> Rewards.ONE_OR_ZERO.unparsable("no \\boxed{…}"));
    }

    @Override
    public Verdict compare(String gold, String answer) {
        return Rewards.ONE_OR_ZERO.of(normalizer.equal(answer, gold));
    }
}
