package org.flowrl.transformer.generate;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;

/// Samples completions of prompts in batches.
///
/// A prompt is computed once for all of its samples. Samples that end leave the batch and others take their rows. The
/// uniform number that decides token t of sample s of prompt i is
/// ```
/// key.fold(i).fold(s).uniform(t)      t = 0 for the first sampled token
/// ```
/// so on a row-invariant backend a sample does not depend on what else is in the batch, on {@link Limits}, or on the
/// number of threads, and its log-probabilities have the bits of {@link org.flowrl.autograd.ops.Head#logProbs} on
/// {@link Qwen#forward}.
///
/// ```java
/// List<Completion> answers = new Generator(model, backend, scope).generate(List.of(tokenizer.encode("1 + 1 = ")), 8,
///         SamplingLaw.ofTemperature(1), 256, Set.copyOf(model.config().eosTokenIds()), RandomKey.of(7));
/// for (Completion answer : answers) {
///     IO.println(tokenizer.decode(answer.textTokens()) + " " + Arrays.toString(answer.logProbs()));
/// }
/// ```
public final class Generator {
    private final Qwen model;
    private final Backend backend;
    private final Scope scope;
    private final Limits limits;

    /// @param scope cache and activations lie in scopes inside it, which end with each call
    public Generator(Qwen model, Backend backend, Scope scope, Limits limits) {
        this.model = model;
        this.backend = backend;
        this.scope = scope;
        this.limits = limits;
    }

    /// A generator with the {@link Limits#defaults default limits}.
    public Generator(Qwen model, Backend backend, Scope scope) {
        this(model, backend, scope, Limits.defaults());
    }

    /// As {@link #generate(List, int, SamplingLaw, int, Set, RandomKey, TokenListener)}, unheard.
    public List<Completion> generate(List<int[]> prompts, int samples, SamplingLaw law, int maxNewTokens,
            Set<Integer> endTokens, RandomKey key) {
        return generate(prompts, samples, law, maxNewTokens, endTokens, key, (prompt, sample, token, logProb) -> { });
    }

    /// `samples` completions of each prompt, ordered by prompt, then sample.
    ///
    /// @param prompts at least one token each
    /// @param samples completions of each prompt, at least 1
    /// @param maxNewTokens length limit of a completion, the end token included; at least 1
    /// @param endTokens ids that end a completion; may be empty
    /// @param key decides the draws, see {@link Generator}
    /// @param listener hears of each token
    /// @throws IllegalArgumentException where an argument breaks these rules, a prompt and its completion would exceed
    ///     the model's positions, or the cache's limit does not hold one sample of the longest prompt
    public List<Completion> generate(List<int[]> prompts, int samples, SamplingLaw law, int maxNewTokens,
            Set<Integer> endTokens, RandomKey key, TokenListener listener) {
        requirePossible(model.config(), prompts, samples, maxNewTokens);
        List<PromptState> states = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            states.add(new PromptState(i, prompts.get(i), samples, maxNewTokens, key.fold(i)));
        }
        if (states.isEmpty()) {
            return List.of();
        }
        BitSet ends = new BitSet();
        for (int end : endTokens) {
            if (end < 0) {
                throw new IllegalArgumentException("generate: end token " + end + " must be a token id");
            }
            ends.set(end);
        }
        int pages = PagePlan.capacity(states, model.config(), model.store().dtype(), limits);
        int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow() + maxNewTokens - 1;
        try (Scope run = scope.child("generate"); Decoding decoding = new Decoding(model, backend, run, limits, pages,
                longest, law, maxNewTokens, ends, listener)) {
            return decoding.run(states, samples);
        }
    }

    /// Refuses what {@link #generate(List, int, SamplingLaw, int, Set, RandomKey) generate} would refuse of these
    /// arguments, before a model is loaded.
    ///
    /// @throws IllegalArgumentException where prompts, samples or length break its rules
    public static void requirePossible(QwenConfig config, List<int[]> prompts, int samples, int maxNewTokens) {
        requireAtLeastOne("samples", samples);
        requireAtLeastOne("maxNewTokens", maxNewTokens);
        for (int i = 0; i < prompts.size(); i++) {
            requirePrompt(config, i, prompts.get(i), maxNewTokens);
        }
    }

    private static void requirePrompt(QwenConfig config, int index, int[] prompt, int maxNewTokens) {
        int positions = config.maxPositionEmbeddings();
        int vocabulary = config.vocabSize();
        if (prompt.length == 0) {
            throw new IllegalArgumentException("generate: prompt " + index + " must have at least one token");
        }
        // The last sampled token is never fed to the model.
        if (prompt.length - 1 > positions - maxNewTokens) {
            throw new IllegalArgumentException("generate: prompt " + index + " of " + prompt.length + " tokens and "
                    + maxNewTokens + " new ones must not exceed max_position_embeddings " + positions);
        }
        for (int t = 0; t < prompt.length; t++) {
            if (prompt[t] < 0 || prompt[t] >= vocabulary) {
                throw new IllegalArgumentException("generate: token " + t + " of prompt " + index + " is " + prompt[t]
                        + ", it must be in 0 … " + (vocabulary - 1));
            }
        }
    }

    private static void requireAtLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("generate: " + name + " " + value + " must be at least 1");
        }
    }
}
