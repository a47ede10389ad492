package org.flowrl.rl.grade;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flowrl.rl.grade.symbolic.MathParser;
import org.flowrl.rl.task.Verdict;

/// DeepScaleR's rule (rllm `deepscaler/rewards`): the last box after `</think>` or `###Response` must equal the gold
/// answer in Hendrycks' normal form, or under {@link Prm800kRule}. 1 or 0.
final class DeepScalerGrader implements Grader {
    private static final String THOUGHT = "</think>";
    private static final String RESPONSE = "###Response";
    private static final Pattern WORDS = Pattern.compile("^\\\\text\\{(.+?)}$");

    private final Prm800kRule rule;

    DeepScalerGrader(GraderOptions options) {
        this.rule = new Prm800kRule(options);
    }

    @Override
    public String name() {
        return "deepscaler";
    }

    @Override
    public Optional<String> answer(String response) {
        int thought = response.lastIndexOf(THOUGHT);
        int marked = response.indexOf(RESPONSE);
        if (thought < 0 && marked < 0) {
            return Optional.empty();
        }
        return boxed(thought >= 0 ? response.substring(thought + THOUGHT.length())
                : firstPart(response.substring(marked + RESPONSE.length())));
    }

    @Override
    public Verdict grade(String gold, String response) {
        return answer(response).map(answer -> compare(gold, answer))
                .orElseGet(() -> Rewards.ONE_OR_ZERO.unparsable("no \\boxed{…} after " + THOUGHT));
    }

    @Override
    public Verdict compare(String gold, String answer) {
        if (answer.length() > MathParser.MAX_LENGTH) {
            return Rewards.ONE_OR_ZERO.unparsable("an answer of " + answer.length() + " characters");
        }
        Optional<String> wanted = gold.contains("\\boxed") ? boxed(gold) : Optional.of(gold).filter(s -> !s.isEmpty());
        if (wanted.isEmpty()) {
            return Rewards.ONE_OR_ZERO.failed("the gold answer is empty");
        }
        boolean sameForm = HendrycksNormalizer.ESCAPED_PERCENT.equal(bare(answer), bare(wanted.get()));
        return sameForm ? Rewards.ONE_OR_ZERO.of(true) : rule.compare(wanted.get(), answer);
    }

    private static String firstPart(String text) {
        int next = text.indexOf(RESPONSE);
        return next < 0 ? text : text.substring(0, next);
    }

    private static Optional<String> boxed(String text) {
        return text.contains("\\boxed") ? Boxes.last(text).flatMap(Boxes::content) : Optional.empty();
    }

    /// Without the `\text{…}` around all of it.
    private static String bare(String answer) {
        String stripped = PythonText.strip(answer);
        Matcher words = WORDS.matcher(stripped);
        return words.find() ? PythonText.strip(words.group(1)) : stripped;
    }
}
