package org.flowrl.examples;

import java.util.List;
import java.util.Optional;
import org.flowrl.rl.task.Enumeration;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.flowrl.transformer.text.Tokenizer;

/// A reward of one's own on a task that exists: a right path on the grid is worth less the more often it turns.
///
/// @param paths `Tasks.named("lattice")`
public record FewTurns(Task paths) implements Task {
    public Verifier verifier() {
        return (problem, path, finished) -> paths.verifier().verify(problem, path, finished) instanceof Verdict.Correct
                ? new Verdict.Correct(1 - path.split("(?<=R)(?=U)|(?<=U)(?=R)").length / 10.0) : new Verdict.Wrong(0);
    }
    public String name() { return "few-turns"; }
    public List<Problem> problems() { return paths.problems(); }
    public int maxResponseTokens() { return paths.maxResponseTokens(); }
    public Optional<Tokenizer> tokenizer() { return paths.tokenizer(); }
    public Optional<Enumeration> enumeration() { return paths.enumeration(); }
}
