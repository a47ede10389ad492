package org.flowrl.rl;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;

/// A problem with all its well-formed answers, judged: what stays the same whichever policy is measured.
///
/// @param rows prompt and response of each answer
/// @param rewards of each answer
/// @param correct true where the answer is right
/// @param solutions that each answer is an instance of; empty for one that is not correct
/// @param tokens T of each answer, end of sequence included
/// @param referenceLogProbs ln ρ of each answer
record Questionnaire(Problem problem, List<String> answers, List<Policy.Row> rows, double[] rewards,
        boolean[] correct, String[] solutions, int[] tokens, double[] referenceLogProbs) {
    /// Asks for every answer's verdict and the reference's log-probabilities.
    ///
    /// @param reference log-probability of each whole answer under the reference
    static Questionnaire of(Problem problem, List<String> answers, Questions questions,
            Function<List<Policy.Row>, double[]> reference) {
        int[] prompt = questions.prompt(problem);
        List<Policy.Row> rows = new ArrayList<>(answers.size());
        double[] rewards = new double[answers.size()];
        boolean[] correct = new boolean[answers.size()];
        String[] solutions = new String[answers.size()];
        int[] tokens = new int[answers.size()];
        for (int i = 0; i < answers.size(); i++) {
            int[] response = questions.response(answers.get(i));
            rows.add(new Policy.Row(prompt, response));
            Verdict verdict = questions.verifier().verify(problem, answers.get(i), true);
            rewards[i] = verdict.reward();
            correct[i] = verdict instanceof Verdict.Correct;
            solutions[i] = verdict instanceof Verdict.Correct right ? right.solution().orElse(answers.get(i)) : "";
            tokens[i] = response.length;
        }
        return new Questionnaire(problem, answers, rows, rewards, correct, solutions, tokens, reference.apply(rows));
    }

    /// The answers as a policy sees them.
    ///
    /// @param policyLogProbs ln p of each answer
    ScoredAnswers scored(double[] policyLogProbs) {
        return new ScoredAnswers(rewards, correct, tokens, policyLogProbs, referenceLogProbs);
    }
}
