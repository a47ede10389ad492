package org.flowrl.rl.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.flowrl.rl.grade.Grader;
import org.flowrl.rl.grade.GraderOptions;
import org.flowrl.rl.grade.GraderVerifier;
import org.flowrl.rl.grade.Graders;
import org.flowrl.rl.grade.ProgramOptions;
import org.flowrl.rl.grade.code.CodeTests;
import org.flowrl.rl.grade.code.TestRules;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.flowrl.tensor.Closing;
import org.flowrl.transformer.text.PromptForm;
import org.flowrl.transformer.text.Tokenizer;

/// Problems of a file, put to a model that speaks its own language, judged by a grader: `math` and `code`.
///
/// Everything is tried before a model is loaded: the file is read whole, prompts are measured, and the grader must
/// accept each problem's gold answer. [#notes] tells what was found.
public final class DataSetTask implements Task {
    private final String name;
    private final DataSettings settings;
    private final Grader grader;
    private final Prompts prompts;
    private final List<Problem> problems;
    private final List<String> notes;

    private DataSetTask(String name, DataSettings settings, Grader grader, Prompts prompts) {
        this.name = name;
        this.settings = settings;
        this.grader = grader;
        this.prompts = prompts;
        this.notes = new ArrayList<>();
        DataSet data = DataSet.read(Path.of(settings.file()), settings.layouts());
        if (!settings.truncatePrompts()) {
            data = data.where("prompts of at most " + settings.maxPromptTokens() + " tokens", prompts::fits);
        }
        GoldCheck check = isOfPrograms() ? GoldCheck.of(data.problems(), DataSetTask::readable, tests -> tests)
                : GoldCheck.of(data.problems(), verifier(), gold -> AnswerForm.response(grader.name(), gold));
        if (!check.failures().isEmpty()) {
            data = withoutFailures(data, check);
        }
        this.problems = data.problems();
        notes.add("data: " + data);
        notes.add("reward: " + grader.name() + ", " + check);
        notes.add("prompts: " + prompts.form() + (prompts.template().isPresent() ? ", by the model's chat template"
                : ", without a chat template"));
    }

    /// The task that `settings` describe.
    ///
    /// @param name what logs and run folders show
    /// @param programs what the programs that the grader runs are allowed
    /// @param tokenizer of the model
    /// @throws DataException where the file cannot be used
    /// @throws IllegalArgumentException where no file is named, or the grader refuses gold answers
    /// @throws org.flowrl.rl.grade.code.UnconfinedException where programs would not be confined and `programs` does
    ///     not allow that
    public static DataSetTask of(String name, DataSettings settings, ProgramOptions programs, Tokenizer tokenizer) {
        if (settings.file().isEmpty()) {
            throw new IllegalArgumentException("train: task " + name + " needs problems; --data names their file");
        }
        Prompts prompts = new Prompts(tokenizer, PromptForm.named(settings.form()),
                settings.chatTemplate() ? tokenizer.chatTemplate() : Optional.empty(), settings.maxPromptTokens(),
                settings.truncatePrompts());
        Grader grader = Graders.named(settings.reward(), GraderOptions.defaults().with(programs));
        try {
            return new DataSetTask(name, settings, grader, prompts);
        } catch (RuntimeException | Error e) {
            Closing.after(e, grader::close);
            throw e;
        }
    }

    private boolean isOfPrograms() {
        return !Graders.mathNames().contains(grader.name());
    }

    /// A problem's gold answer is its tests, and no program is at hand that passes them: they must be readable.
    private static Verdict readable(Problem problem, String response, boolean finished) {
        try {
            CodeTests.parse(problem.answer(), TestRules.standard());
            return new Verdict.Correct(1);
        } catch (IllegalArgumentException e) {
            return new Verdict.Failed(0, e.getMessage());
        }
    }

    private DataSet withoutFailures(DataSet data, GoldCheck check) {
        if (!settings.dropUngradable()) {
            throw new IllegalArgumentException("train: " + settings.file() + ": grader " + grader.name() + ": " + check
                    + "; --set data.dropUngradable=true leaves them out");
        }
        Set<Problem> failed = check.failures().stream().map(GoldCheck.Failure::problem).collect(Collectors.toSet());
        return data.where("gold answers that grader " + grader.name() + " accepts",
                problem -> !failed.contains(problem));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<Problem> problems() {
        return problems;
    }

    @Override
    public Verifier verifier() {
        return new GraderVerifier(grader);
    }

    @Override
    public int maxResponseTokens() {
        return settings.maxResponseTokens();
    }

    @Override
    public int[] promptTokens(Problem problem, Tokenizer tokenizer) {
        return prompts.encode(problem);
    }

    @Override
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public void close() {
        grader.close();
    }
}
