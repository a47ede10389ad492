package org.flowrl.rl.grade;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flowrl.rl.task.Verdict;

/// verl `reward_score/gsm8k.py`: the number after the last "#### ", without commas, must be the gold answer character
/// by character; the flexible method takes the last number there is, commas and all. 1 or 0.
///
/// @param flexible any number will do
record Gsm8kGrader(boolean flexible) implements Grader {
    /// Code points at the end of a response that are looked at.
    private static final int REACH = 300;
    private static final Pattern MARKED = Pattern.compile("#### (-?[0-9.,]+)");
    private static final Pattern NUMBER = Pattern.compile("-?[0-9.,]+");

    @Override
    public String name() {
        return flexible ? "gsm8k-flexible" : "gsm8k";
    }

    @Override
    public Optional<String> answer(String response) {
        String end = PythonText.last(response, REACH);
        return flexible ? lastNumber(end) : lastMarked(end);
    }

    @Override
    public Verdict grade(String gold, String response) {
        return answer(response).map(found -> compare(gold, found)).orElseGet(() -> Rewards.ONE_OR_ZERO.unparsable(
                (flexible ? "no number" : "no \"#### \" with a number") + " in the last " + REACH + " characters"));
    }

    @Override
    public Verdict compare(String gold, String answer) {
        return Rewards.ONE_OR_ZERO.of(answer.equals(gold));
    }

    private static Optional<String> lastMarked(String text) {
        Matcher matcher = MARKED.matcher(text);
        Optional<String> last = Optional.empty();
        while (matcher.find()) {
            last = Optional.of(matcher.group(1).replace(",", ""));
        }
        return last;
    }

    /// The last that is more than a full stop; the first where none is.
    private static Optional<String> lastNumber(String text) {
        Matcher matcher = NUMBER.matcher(text);
        Optional<String> first = Optional.empty();
        Optional<String> last = Optional.empty();
        while (matcher.find()) {
            String found = matcher.group();
            first = first.isPresent() ? first : Optional.of(found);
            last = found.equals(".") ? last : Optional.of(found);
        }
        return last.isPresent() ? last : first;
    }
}
