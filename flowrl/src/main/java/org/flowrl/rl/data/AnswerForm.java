package org.flowrl.rl.data;

/// The shortest response that gives an answer as a grader's rule asks for it.
final class AnswerForm {
    private AnswerForm() {
    }

    /// @param grader its name
    static String response(String grader, String answer) {
        return switch (grader) {
            case "dapo" -> "Answer: " + answer;
            case "gsm8k", "gsm8k-flexible" -> "#### " + answer;
            case "deepscaler" -> "</think>\\boxed{" + answer + "}";
            default -> "\\boxed{" + answer + "}";
        };
    }
}
