package org.flowrl.rl.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.flowrl.rl.data.Prompts;
import org.flowrl.rl.grade.Grader;
import org.flowrl.rl.task.InOrder;
import org.flowrl.rl.task.Problem;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;

/// Asks a model the problems of a benchmark and has its answers graded. A function of model, problems and sampling: the
/// answers do not depend on what is asked beside them where the backend's rows do not.
///
/// @param backend what computes
/// @param model the model
/// @param endTokens ids that end a response
/// @param prompts how problems become token ids
/// @param sampling how answers are drawn
/// @param grader judges them
public record BenchmarkRun(Backend backend, Qwen model, Set<Integer> endTokens, Prompts prompts, Sampling sampling,
        Grader grader) {
    /// Responses that are sampled side by side, at the least; whole problems are.
    private static final int RESPONSES_AT_ONCE = 32;

    /// The samples of each problem, in order.
    ///
    /// @param scope working memory lies in scopes inside it
    /// @param heard hears of each problem's samples as they are graded
    public List<List<GradedAnswer>> answers(List<Problem> problems, Scope scope, Consumer<List<GradedAnswer>> heard) {
        // Before the first is asked: a prompt that is too long is an error.
        List<int[]> ids = problems.stream().map(prompts::encode).toList();
        RandomKey key = RandomKey.of(sampling.seed()).fold("eval");
        Generator generator = new Generator(model, backend, scope);
        int atOnce = Math.ceilDiv(RESPONSES_AT_ONCE, sampling.samples());
        List<List<GradedAnswer>> groups = new ArrayList<>();
        for (int start = 0; start < problems.size(); start += atOnce) {
            int end = Math.min(problems.size(), start + atOnce);
            List<Completion> completions = generator.generate(ids.subList(start, end), sampling.samples(),
                    sampling.law(), sampling.maxResponseTokens(), endTokens, key.fold(start));
            int first = start;
            List<GradedAnswer> group = new ArrayList<>();
            try (InOrder<GradedAnswer> graded = new InOrder<>(grader.parallelism(), answer -> {
                group.add(answer);
                if (group.size() == sampling.samples()) {
                    groups.add(List.copyOf(group));
                    group.clear();
                    heard.accept(groups.getLast());
                }
            })) {
                completions.stream().sorted(Comparator.comparing(Completion::prompt)).forEach(completion ->
                        graded.add(() -> graded(problems.get(first + completion.prompt()), completion)));
            }
        }
        return groups;
    }

    private GradedAnswer graded(Problem problem, Completion completion) {
        String response = prompts.tokenizer().decode(completion.textTokens(), true);
        return new GradedAnswer(problem, completion.sample(), response, completion.tokens().length,
                completion.finished(), grader.answer(response), grader.grade(problem.answer(), response));
    }
}
