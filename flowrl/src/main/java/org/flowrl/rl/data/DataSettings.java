package org.flowrl.rl.data;

import java.util.List;
import org.flowrl.rl.grade.Graders;
import org.flowrl.tensor.UnknownName;
import org.flowrl.transformer.text.PromptForm;

/// A task made of a data file and a grader, as `config.yaml` has it.
///
/// @param file JSONL, JSONL.gz or Parquet; empty until `--data` names it
/// @param prompt path of the field with the problem, see [FieldPath]; empty, with `answer`, for a layout that is known
/// @param answer path of the field with the gold answer
/// @param gold how that field holds it
/// @param reward name of the grader, see [Graders]
/// @param form how problems are put to the model, see [PromptForm]
/// @param chatTemplate whether the model folder's chat template is applied, where it has one
/// @param maxPromptTokens longest prompt
/// @param truncatePrompts true where longer prompts lose their first tokens, as in verl; false where problems with such
///     prompts are left out
/// @param maxResponseTokens longest response, the end token included
/// @param dropUngradable whether problems whose gold answer the grader does not accept are left out; otherwise they are
///     an error
public record DataSettings(String file, String prompt, String answer, GoldRule gold, String reward, String form,
        boolean chatTemplate, int maxPromptTokens, boolean truncatePrompts, int maxResponseTokens,
        boolean dropUngradable) {
    /// Checks its arguments.
    ///
    /// @throws IllegalArgumentException naming the key that breaks a rule
    public DataSettings {
        if (prompt.isEmpty() != answer.isEmpty()) {
            throw new IllegalArgumentException("config: data.prompt '" + prompt + "' and data.answer '" + answer
                    + "' must both be given, or neither");
        }
        if (!Graders.isKnown(reward)) {
            throw new IllegalArgumentException("config: data.reward: " + Graders.unknown(reward));
        }
        if (!PromptForm.names().contains(form)) {
            throw new IllegalArgumentException(UnknownName.message("config: data.form", form, PromptForm.names()));
        }
        if (maxPromptTokens < 1 || maxResponseTokens < 1) {
            throw new IllegalArgumentException("config: data.maxPromptTokens " + maxPromptTokens
                    + " and data.maxResponseTokens " + maxResponseTokens + " must be at least 1");
        }
    }

    /// Which fields of a row are what.
    List<Fields> layouts() {
        return prompt.isEmpty() ? Fields.KNOWN : List.of(Fields.of(prompt, answer).with(gold));
    }
}
