package org.flowrl.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.data.Prompts;
import org.flowrl.rl.eval.Benchmark;
import org.flowrl.rl.eval.BenchmarkRun;
import org.flowrl.rl.eval.DiversityJudge;
import org.flowrl.rl.eval.EvaluationReport;
import org.flowrl.rl.eval.GradedAnswer;
import org.flowrl.rl.eval.Sampling;
import org.flowrl.rl.eval.codeforces.CodeforcesRating;
import org.flowrl.rl.eval.codeforces.Contest;
import org.flowrl.rl.eval.codeforces.ContestFiles;
import org.flowrl.rl.grade.Grader;
import org.flowrl.rl.grade.GraderOptions;
import org.flowrl.rl.grade.Graders;
import org.flowrl.rl.task.Problem;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.Destination;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.generate.Generator;
import org.flowrl.transformer.text.ChatTemplate;
import org.flowrl.transformer.text.PromptForm;
import org.flowrl.transformer.text.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `eval`: asks a model a benchmark's problems, grades its answers, and prints a table.
@Command(name = "eval", mixinStandardHelpOptions = true, sortOptions = false, description = {
    "Measure a model on a benchmark.",
    "The defaults are the paper's protocol: 16 samples, temperature 0.6, top-p 0.95, prompts of up to 2048 tokens and "
            + "responses of up to 8192."},
    footerHeading = "%nFields of --data, as published:%n", footer = {
        "  aime24, aime25, amc23, math500   problem or question, answer; or verl's prompt and reward_model",
        "  minerva        problem, solution with the answer in its last box",
        "  olympiad       question, final_answer, the first of which counts",
        "  gsm8k          question, answer with the answer after ####",
        "  livecodebench  question_content, starter_code, public_test_cases, private_test_cases, metadata; or problem, "
                + "tests",
        "  codeforces     id such as 1870A, problem, tests",
        "  humaneval+     task_id, prompt, test, with declaration (HumanEval-X, Java) or entry_point (HumanEval and "
                + "HumanEval+, Python: --form python --grader 'run:/usr/bin/python3 {file}')"})
final class EvalCommand implements Callable<Integer> {
    private static final Sampling PAPER = Sampling.ofPaper();

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A Hugging Face model folder.")
    private Path model;

    @Option(names = "--benchmark", required = true, paramLabel = "NAME",
            description = "aime24, aime25, amc23, math500, minerva, olympiad, gsm8k, livecodebench, codeforces or "
                    + "humaneval+.")
    private String benchmark;

    @Option(names = "--data", required = true, paramLabel = "FILE",
            description = "The benchmark's problems: JSONL, JSONL.gz or Parquet.")
    private Path data;

    @Option(names = "--out", required = true, paramLabel = "FILE",
            description = "Where every answer is written, as JSONL that score reads; must not exist.")
    private Path out;

    @Option(names = "--limit", paramLabel = "N", description = "Ask the first N problems alone.")
    private Integer limit;

    @Option(names = "--samples", paramLabel = "N", description = "Answers to each problem (default: 16).")
    private int samples = PAPER.samples();

    @Option(names = "--temperature", paramLabel = "X", description = "Logits are divided by it (default: 0.6).")
    private double temperature = PAPER.law().temperature();

    @Option(names = "--top-p", paramLabel = "X",
            description = "Keep the likeliest words that together reach this probability (default: 0.95).")
    private double topP = PAPER.law().topP();

    @Option(names = "--max-prompt-tokens", paramLabel = "N",
            description = "Longer prompts lose their beginning (default: 2048).")
    private int maxPromptTokens = PAPER.maxPromptTokens();

    @Option(names = "--max-tokens", paramLabel = "N", description = "Length limit of a response (default: 8192).")
    private int maxTokens = PAPER.maxResponseTokens();

    @Option(names = "--grader", paramLabel = "NAME", description = "Instead of the benchmark's own; see score --help.")
    private String grader;

    @Option(names = "--form", paramLabel = "NAME",
            description = "How problems are put, instead of the benchmark's own: plain, dapo, qwen-math, "
                    + "qwen-boxed, java or python.")
    private String form;

    @Option(names = "--no-chat", description = "Do not use the folder's chat template.")
    private boolean noChat;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "Decides every draw (default: 1).")
    private long seed;

    @Option(names = "--contests", paramLabel = "DIR",
            description = "With codeforces: stored contests, from which answers are rated; problems need ids.")
    private Path contests;

    @Option(names = "--user-ratings", paramLabel = "FILE",
            description = "With --contests: a JSON array of all users' ratings, for the percentile.")
    private Path userRatings;

    @Option(names = "--judge", paramLabel = "URL",
            description = "Base of an OpenAI-compatible server that scores diversity, such as http://host:8000/v1.")
    private String judge;

    @Option(names = "--judge-model", defaultValue = "gpt-4o-mini", paramLabel = "NAME",
            description = "The judge on that server (default: gpt-4o-mini, the paper's).")
    private String judgeModel;

    @Option(names = "--judge-key", paramLabel = "VARIABLE",
            description = "The environment variable that holds the server's key (default: OPENAI_API_KEY, "
                    + "where it is set).")
    private String judgeKey;

    @Option(names = "--judge-timeout", paramLabel = "SECONDS",
            description = "How many seconds an answer of the judge is waited for (default: 120).")
    private long judgeTimeout = DiversityJudge.DEFAULT_TIMEOUT.toSeconds();

    @Mixin
    private UntrustedOptions untrusted;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private CardOptions card;

    @Override
    public Integer call() throws InterruptedException {
        card.take();
        Destination.requireNew("eval: --out", out);
        if (limit != null && limit < 1) {
            throw new IllegalArgumentException("eval: --limit " + limit + " must be at least 1");
        }
        Benchmark asked = Benchmark.named(benchmark);
        if (contests != null && asked != Benchmark.CODEFORCES || userRatings != null && contests == null) {
            throw new IllegalArgumentException("eval: --contests needs --benchmark codeforces, and --user-ratings "
                    + "needs --contests");
        }
        Sampling sampling = new Sampling(samples, new SamplingLaw(temperature, 0, topP), maxPromptTokens, maxTokens,
                seed);
        PromptForm words = form == null ? asked.form() : PromptForm.named(form);
        Optional<DiversityJudge> judges = judge == null ? Optional.empty() : Optional.of(new DiversityJudge(judge,
                judgeModel, key(), Duration.ofSeconds(judgeTimeout)));
        List<Problem> all = asked.problems(data);
        List<Problem> problems = limit == null ? all : all.subList(0, Math.min(limit, all.size()));
        Optional<Rating> rating = contests == null ? Optional.empty() : Optional.of(rating(problems));
        String graderName = grader == null ? asked.grader() : grader;
        GraderOptions options = GraderOptions.defaults().with(untrusted.options());
        Backends.Choice chosen = device.choose();
        try (Backend backend = chosen.backend(); Grader judged = Graders.named(graderName, options);
                Scope scope = Scope.root("eval", backend.memory())) {
            ModelDirectory folder = ModelDirectory.open(model);
            folder.check();
            Tokenizer tokenizer = folder.tokenizer();
            Optional<ChatTemplate> template = noChat ? Optional.empty() : tokenizer.chatTemplate();
            Prompts prompts = new Prompts(tokenizer, words, template, maxPromptTokens, true);
            Generator.requirePossible(folder.config(), problems.stream().map(prompts::encode).toList(), samples,
                    maxTokens);
            DeviceOptions.show(chosen.choice());
            Qwen loaded = folder.load(new ParameterStore(backend, scope, DType.F32));
            BenchmarkRun run = new BenchmarkRun(backend, loaded, Set.copyOf(folder.config().eosTokenIds()), prompts,
                    sampling, judged);
            System.out.printf(Locale.ROOT, "%s: %d of %d problems x %d samples, grader %s, form %s, %s, seed %d%n",
                    asked.label(), problems.size(), all.size(), samples, graderName, words.label(),
                    template.isPresent() ? "chat template" : "no chat template", seed);
            List<List<GradedAnswer>> groups = ask(run, problems, scope);
            print(EvaluationReport.of(groups, judged));
            rating.ifPresent(rated -> print(rated, groups));
            if (judges.isPresent()) {
                print(judges.get().judge(groups), groups.size());
            }
        } catch (CancellationException stopped) {
            return Main.INTERRUPTED;
        }
        System.out.println("answers: " + out);
        return 0;
    }

    /// The judge's key. A variable that is asked for by name must be there; a server may want no key.
    private Optional<String> key() {
        Optional<String> key = Optional.ofNullable(System.getenv(judgeKey == null ? "OPENAI_API_KEY" : judgeKey));
        if (judgeKey != null && key.isEmpty()) {
            throw new IllegalArgumentException("eval: --judge-key " + judgeKey
                    + " must be an environment variable that is set");
        }
        return key;
    }

    /// What answers are rated by.
    private record Rating(List<Contest> contests, Optional<int[]> userRatings) {
    }

    /// Read before the model is asked.
    private Rating rating(List<Problem> problems) {
        List<Contest> stored = ContestFiles.read(contests);
        Set<String> ids = stored.stream().flatMap(contest -> contest.problems().stream())
                .map(Contest.ContestProblem::id).collect(Collectors.toSet());
        if (problems.stream().noneMatch(problem -> ids.contains(problem.id()))) {
            throw new IllegalArgumentException("eval: --contests " + contests + ": none of its problems is among the "
                    + problems.size() + " of " + data + ", whose ids must be like 1870A");
        }
        return new Rating(stored, Optional.ofNullable(userRatings).map(ContestFiles::ratings));
    }

    private List<List<GradedAnswer>> ask(BenchmarkRun run, List<Problem> problems, Scope scope) {
        int[] correct = {0};
        try (AnswerFile file = new AnswerFile(out); StopOnSignal _ = StopOnSignal.of(() -> {
            file.close();
            System.err.println("stopped: " + (file.problems() > 0 ? out + " holds the answers to " + file.problems()
                    + " of " + problems.size() + " problems; score grades it" : "no problem was answered"));
        })) {
            return run.answers(problems, scope, group -> {
                file.write(group);
                correct[0] += (int) group.stream().filter(GradedAnswer::isCorrect).count();
                System.err.printf(Locale.ROOT, "problem %d/%d  %d of %d answers correct%n", file.problems(),
                        problems.size(), correct[0], file.problems() * samples);
            });
        }
    }

    private void print(EvaluationReport report) {
        System.out.printf(Locale.ROOT, "%n%-24s %8.2f%n", "avg@" + report.samples() + " %", 100 * report.average());
        report.pass().forEach((k, share) -> System.out.printf(Locale.ROOT, "%-24s %8.2f%n", "pass@" + k + " %",
                100 * share));
        System.out.printf(Locale.ROOT, "%-24s %8.2f%n", "maj@" + report.samples() + " %", 100 * report.majority());
        System.out.printf(Locale.ROOT, "%-24s %8.1f%n", "tokens a response", report.meanTokens());
        System.out.printf(Locale.ROOT, "%-24s %8.2f%n", "cut at the limit %", 100 * report.truncated());
        System.out.println("verdicts                 " + report.verdicts().entrySet().stream()
                .map((Map.Entry<String, Long> kind) -> kind.getValue() + " " + kind.getKey())
                .collect(Collectors.joining(", ")));
        if (report.samples() > 1) {
            System.out.printf(Locale.ROOT, "%nDiversity by words, not comparable with a judge's scores:%n"
                    + "%-24s %8.2f%n%-24s %8.2f%n%-24s %8.3f%n%-24s %8.3f%n", "score, 1 to 5",
                    report.diversity().score(), "approaches a problem", report.diversity().approaches(), "distinct-2",
                    report.diversity().distinctBigrams(), "mean edit distance", report.diversity().editDistance());
        }
    }

    private void print(Rating by, List<List<GradedAnswer>> groups) {
        Map<String, List<Boolean>> passed = groups.stream().collect(Collectors.toMap(group ->
                group.getFirst().problem().id(), group -> group.stream().map(GradedAnswer::isCorrect).toList()));
        CodeforcesRating rating = CodeforcesRating.of(by.contests(), passed, samples);
        System.out.printf(Locale.ROOT, "%n%-24s %8s   from %d of %d stored contests%n", "Codeforces rating",
                rating.rating().isEmpty() ? "none" : String.format(Locale.ROOT, "%.0f",
                        rating.rating().getAsDouble()), rating.contests().size(), by.contests().size());
        if (by.userRatings().isPresent() && rating.rating().isPresent()) {
            System.out.printf(Locale.ROOT, "%-24s %8.1f%n", "percentile", CodeforcesRating.percentile(
                    rating.rating().getAsDouble(), by.userRatings().get()));
        }
    }

    private void print(DiversityJudge.Scores scores, int problems) {
        System.out.printf(Locale.ROOT, "%nDiversity by %s: %s (%d of %d problems judged)%n", judgeModel,
                scores.mean().map(mean -> String.format(Locale.ROOT, "%.2f", mean)).orElse("no score"),
                scores.scores().size(), problems);
        scores.failures().forEach(failure -> System.out.println("not judged: " + failure));
    }
}
