package org.flowrl.rl.data;

import java.util.Arrays;
import java.util.Optional;
import org.flowrl.rl.task.Problem;
import org.flowrl.transformer.text.ChatTemplate;
import org.flowrl.transformer.text.PromptForm;
import org.flowrl.transformer.text.Tokenizer;

/// How problems become a model's prompts: words, chat template, length.
///
/// @param tokenizer the model's
/// @param form the words around a problem
/// @param template the model's; empty where the text is given as it is
/// @param maxTokens longest prompt
/// @param truncated true where longer ones lose their first tokens, as in verl; false where they are an error
public record Prompts(Tokenizer tokenizer, PromptForm form, Optional<ChatTemplate> template, int maxTokens,
        boolean truncated) {
    /// Checks its arguments.
    public Prompts {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("prompts: maxTokens " + maxTokens + " must be at least 1");
        }
    }

    /// Whether a problem's whole prompt has at most `maxTokens` tokens.
    public boolean fits(Problem problem) {
        return whole(problem).length <= maxTokens;
    }

    /// The prompt's tokens. A rendered conversation holds all the special tokens that the model expects; any other text
    /// gets those that the tokenizer puts around texts.
    ///
    /// @throws IllegalArgumentException where the prompt is too long and is not to be truncated
    public int[] encode(Problem problem) {
        int[] ids = whole(problem);
        if (ids.length <= maxTokens) {
            return ids;
        }
        if (!truncated) {
            throw new IllegalArgumentException("prompt of problem " + problem.id() + " has " + ids.length
                    + " tokens, more than " + maxTokens);
        }
        return Arrays.copyOfRange(ids, ids.length - maxTokens, ids.length);
    }

    private int[] whole(Problem problem) {
        return tokenizer.encode(form.text(problem.prompt(), template), template.isEmpty());
    }
}
