package org.flowrl.rl.grade;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flowrl.rl.task.Verdict;

/// The reward of DAPO and FlowRL in training (verl `reward_score/math_dapo.py`): +1 or −1. The answer is what follows
/// the last "Answer:" within the last 300 characters; its normal form must equal the gold answer's.
final class DapoGrader implements Grader {
    /// Code points at the end of a response that are looked at.
    static final int REACH = 300;
    private static final Pattern ANSWER =
            Pattern.compile("answer\\s*:\\s*([^\\n]+)", PythonText.REGEX | Pattern.CASE_INSENSITIVE);
    private static final Rewards REWARDS = Rewards.PLUS_OR_MINUS;

    @Override
    public String name() {
        return "dapo";
    }

    @Override
    public Optional<String> answer(String response) {
        Matcher matcher = ANSWER.matcher(PythonText.last(response, REACH));
        Optional<String> answer = Optional.empty();
        while (matcher.find()) {
            answer = Optional.of(matcher.group(1));
        }
        return answer;
    }

    @Override
    public Verdict grade(String gold, String response) {
        return answer(response).map(found -> compare(gold, found))
                .orElseGet(() -> REWARDS.unparsable("no \"Answer:\" in the last " + REACH + " characters"));
    }

    @Override
    public Verdict compare(String gold, String answer) {
        return REWARDS.of(DapoNormalizer.normalize(answer).equals(DapoNormalizer.normalize(gold)));
    }

    /// The same file's strict variant: a box that opens and closes within the last 100 characters, and holds the gold
    /// answer character by character.
    static final class StrictBox implements Grader {
        private static final int BOX_REACH = 100;

        @Override
        public String name() {
            return "dapo-strict-box";
        }

        @Override
        public Optional<String> answer(String response) {
            return Boxes.lastBraced(PythonText.last(response, BOX_REACH)).flatMap(Boxes::content);
        }

        @Override
        public Verdict grade(String gold, String response) {
            return answer(response).map(answer -> compare(gold, answer))
                    .orElseGet(() -> REWARDS.unparsable("no box in the last " + BOX_REACH + " characters"));
        }

        @Override
        public Verdict compare(String gold, String answer) {
            return REWARDS.of(answer.equals(gold));
        }
    }
}
