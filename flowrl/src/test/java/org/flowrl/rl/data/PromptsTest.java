package org.flowrl.rl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.rl.task.Problem;
import org.flowrl.transformer.text.ChatTemplate;
import org.flowrl.transformer.text.PromptForm;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.Test;

/// With the tokens `<eos>` 0, `<bos>` 1, a 2, b 3, c 4.
class PromptsTest {
    private static final Tokenizer TOKENIZER = Tokenizer.ofAlphabet(List.of("<eos>", "<bos>"), List.of("a", "b", "c"));
    private static final ChatTemplate TEMPLATE = ChatTemplate.of("t", "<bos>{{ messages[0].content }}c", Map.of());
    private static final Problem PROBLEM = new Problem("p", "ab", "1");

    @Test
    void aTemplateIsAppliedWhereThereIsOne() {
        assertThat(prompts(Optional.of(TEMPLATE), 9, false).encode(PROBLEM)).containsExactly(1, 2, 3, 4);
        assertThat(prompts(Optional.empty(), 9, false).encode(PROBLEM)).containsExactly(2, 3);
    }

    @Test
    void longPromptsLoseTheirFirstTokens() {
        assertThat(prompts(Optional.of(TEMPLATE), 3, true).encode(PROBLEM)).containsExactly(2, 3, 4);
        assertThat(prompts(Optional.of(TEMPLATE), 4, true).encode(PROBLEM)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void longPromptsAreRefusedWhereTheyMustStayWhole() {
        Prompts prompts = prompts(Optional.of(TEMPLATE), 3, false);
        assertThat(prompts.fits(PROBLEM)).isFalse();
        assertThat(prompts(Optional.of(TEMPLATE), 4, false).fits(PROBLEM)).isTrue();
        assertThatThrownBy(() -> prompts.encode(PROBLEM)).hasMessage("prompt of problem p has 4 tokens, more than 3");
    }

    private static Prompts prompts(Optional<ChatTemplate> template, int maxTokens, boolean truncated) {
        return new Prompts(TOKENIZER, PromptForm.PLAIN, template, maxTokens, truncated);
    }
}
