package org.flowrl.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;
import org.flowrl.transformer.text.ChatMessage;
import org.flowrl.transformer.text.ChatTemplate;
import org.flowrl.transformer.text.PromptForm;
import org.flowrl.transformer.text.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `generate`: prompts in, completions out, one a line in the order of prompts and samples.
@Command(name = "generate", mixinStandardHelpOptions = true,
        description = "Complete prompts. Each completion is a line: the prompt's number, the sample's number, the "
                + "text.")
final class GenerateCommand implements Callable<Integer> {
    private static final int DEFAULT_MAX_TOKENS = 128;

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A Hugging Face model folder.")
    private Path model;

    @Option(names = "--prompt", paramLabel = "TEXT", description = "A prompt. Repeatable.")
    private List<String> prompts = new ArrayList<>();

    @Option(names = "--input", paramLabel = "FILE", description = "A file with a prompt a line; - is standard input.")
    private String input;

    @Option(names = "--chat", description = "Put each prompt to the model as a person's message, by the folder's chat "
            + "template.")
    private boolean chat;

    @Option(names = "--system", paramLabel = "TEXT", description = "With --chat: the system's message (default: the "
            + "template's own, if any).")
    private String system;

    @Option(names = "--form", defaultValue = "plain", paramLabel = "NAME", description = "How prompts, as math "
            + "problems, are put: plain, dapo, qwen-math, qwen-boxed, java or python (default: plain).")
    private String form;

    @Option(names = "--no-thinking", description = "With --chat: sets the template's enable_thinking to false.")
    private boolean noThinking;

    @Option(names = "--samples", defaultValue = "1", paramLabel = "N",
            description = "Completions of each prompt (default: 1).")
    private int samples;

    @Option(names = "--max-tokens", paramLabel = "N",
            description = "Length limit of a completion in tokens (default: 128, or what the model's positions leave).")
    private Integer maxTokens;

    @Option(names = "--temperature", defaultValue = "1", paramLabel = "X",
            description = "Logits are divided by it; 0 takes the likeliest word (default: 1).")
    private double temperature;

    @Option(names = "--top-k", defaultValue = "0", paramLabel = "N",
            description = "Keep the N likeliest words (default: 0, all of them).")
    private int topK;

    @Option(names = "--top-p", defaultValue = "1", paramLabel = "X",
            description = "Keep the likeliest words that together reach this probability (default: 1, all of them).")
    private double topP;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "Decides every draw (default: 1).")
    private long seed;

    @Option(names = "--dtype", defaultValue = "F32", paramLabel = "TYPE",
            description = "Type of the weights that are computed with, F32 or BF16 (default: F32).")
    private DType dtype;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private CardOptions card;

    @Override
    public Integer call() {
        card.take();
        if (!chat && (system != null || noThinking)) {
            throw new IllegalArgumentException("generate: --system and --no-thinking need --chat");
        }
        if (dtype != DType.F32 && dtype != DType.BF16) {
            throw new IllegalArgumentException("generate: --dtype " + dtype + " must be F32 or BF16");
        }
        SamplingLaw law = new SamplingLaw(temperature, topK, topP);
        List<String> texts = texts();
        Backends.Choice chosen = device.choose();
        try (Backend backend = chosen.backend(); Scope scope = Scope.root("generate", backend.memory())) {
            ModelDirectory folder = ModelDirectory.open(model);
            folder.check();
            Tokenizer tokenizer = folder.tokenizer();
            List<int[]> ids = encode(texts, tokenizer);
            int limit = limit(folder.config(), ids);
            Generator.requirePossible(folder.config(), ids, samples, limit);
            DeviceOptions.show(chosen.choice());
            // Of most weights nothing is held but the copies that products read.
            Qwen loaded = folder.loadFrozen(new ParameterStore(backend, scope, DType.F32, dtype), false);
            List<Completion> completions = new Generator(loaded, backend, scope).generate(ids, samples, law, limit,
                    Set.copyOf(folder.config().eosTokenIds()), RandomKey.of(seed).fold("generate"));
            for (Completion completion : completions) {
                System.out.println(completion.prompt() + "\t" + completion.sample() + "\t"
                        + tokenizer.decode(completion.textTokens(), true));
            }
        }
        return 0;
    }

    /// A rendered conversation holds all the special tokens that it needs; a plain prompt gets the tokenizer's own.
    private List<int[]> encode(List<String> problems, Tokenizer tokenizer) {
        PromptForm prompts = PromptForm.named(form);
        if (!chat) {
            return problems.stream().map(problem -> tokenizer.encode(prompts.text(problem, Optional.empty()))).toList();
        }
        ChatTemplate template = tokenizer.chatTemplate().orElseThrow(() -> new IllegalArgumentException(
                "generate: " + model + " has no chat template, which --chat needs"));
        Map<String, Object> variables = noThinking ? Map.of("enable_thinking", false) : Map.of();
        return problems.stream().map(problem -> tokenizer.encode(template.render(messages(prompts, problem),
                variables), false)).toList();
    }

    private List<ChatMessage> messages(PromptForm prompts, String problem) {
        List<ChatMessage> messages = new ArrayList<>(prompts.messages(problem));
        if (system != null) {
            messages.removeIf(message -> message.role().equals("system"));
            messages.addFirst(ChatMessage.system(system));
        }
        return messages;
    }

    private int limit(QwenConfig config, List<int[]> prompts) {
        int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow();
        // The last token is never fed to the model.
        int room = config.maxPositionEmbeddings() - longest + 1;
        return maxTokens != null ? maxTokens : Math.min(DEFAULT_MAX_TOKENS, room);
    }

    private List<String> texts() {
        List<String> texts = new ArrayList<>(prompts);
        if (input != null) {
            try {
                texts.addAll(input.equals("-")
                        ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()
                        : Files.readAllLines(Path.of(input)));
            } catch (IOException e) {
                throw IoFault.doing("cannot read prompts in " + input, e);
            }
        }
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("generate: give --prompt or --input");
        }
        return texts;
    }
}
