package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.transformer.text.jinja.JinjaException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Where a folder's template is found, and how problems are put to a model.
class ChatTemplateTest {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final List<ChatMessage> HELLO = List.of(ChatMessage.user("hello"));

    @TempDir
    Path folder;

    @BeforeEach
    void writeATokenizer() {
        Tokenizer.ofAlphabet(List.of("<eos>", "<bos>"), List.of("a")).save(folder);
    }

    @Test
    void aFolderWithoutATemplateHasNone() {
        assertThat(Tokenizer.load(folder).chatTemplate()).isEmpty();
    }

    @Test
    void theConfigurationsTemplateKnowsTheSpecialTokens() throws IOException {
        configure("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ unk_token is defined }}");
        assertThat(render()).isEqualTo("<bos>hello<eos>False");
    }

    @Test
    void aTemplateFileIsPreferred() throws IOException {
        configure("from the configuration");
        Files.writeString(folder.resolve("chat_template.jinja"), "from the file\n");
        assertThat(render()).isEqualTo("from the file");
    }

    @Test
    void aSavedTokenizerKeepsItsTemplate(@TempDir Path copy) throws IOException {
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages | length }}");
        Tokenizer.load(folder).save(copy.resolve("saved"));
        assertThat(Tokenizer.load(copy.resolve("saved")).chatTemplate().orElseThrow().render(HELLO)).isEqualTo("1");
    }

    @Test
    void conversationsWithToolsTakeTheToolTemplate() throws IOException {
        TinyTokenizer.edit(folder, TokenizerFiles.TOKENIZER_CONFIG, json -> {
            json.putArray("chat_template").addObject().put("name", "default").put("template", "plain");
            json.withArray("chat_template").addObject().put("name", "tool_use").put("template", "{{ tools|length }}");
        });
        ChatTemplate template = Tokenizer.load(folder).chatTemplate().orElseThrow();
        assertThat(template.render(HELLO)).isEqualTo("plain");
        assertThat(template.render(new ChatTemplate.Conversation(MAPPER.readTree("[]"),
                Optional.of(MAPPER.readTree("[{}, {}]")), true, Map.of()))).isEqualTo("2");
    }

    @Test
    void aConversationNeedNotEndWhereAnAnswerBegins() throws IOException {
        configure("{{ messages|length }}{% if add_generation_prompt %} go{% endif %}");
        ChatTemplate template = Tokenizer.load(folder).chatTemplate().orElseThrow();
        assertThat(template.render(HELLO)).isEqualTo("1 go");
        assertThat(template.render(new ChatTemplate.Conversation(MAPPER.readTree("[]"), Optional.empty(), false,
                Map.of()))).isEqualTo("0");
    }

    @Test
    void aListWithoutADefaultIsRefused() throws IOException {
        TinyTokenizer.edit(folder, TokenizerFiles.TOKENIZER_CONFIG, json ->
                json.putArray("chat_template").addObject().put("name", "rag").put("template", "x"));
        assertThatThrownBy(() -> Tokenizer.load(folder).chatTemplate()).isInstanceOf(TokenizerException.class)
                .hasMessage(folder.resolve("tokenizer_config.json")
                        + ": chat_template must have a template named 'default' among rag");
    }

    @Test
    void aTemplateThatFailsNamesItsFileAndLine() throws IOException {
        Files.writeString(folder.resolve("chat_template.jinja"),
                "{% for m in messages %}\n{{ raise_exception('no ' ~ m.role) }}\n{% endfor %}");
        assertThatThrownBy(this::render).isInstanceOf(JinjaException.class)
                .hasMessage(folder.resolve("chat_template.jinja") + ", line 2: no user");
    }

    @Test
    void theDapoFormHasTheWordsOfItsDataSet() {
        // BytedTsinghua-SIA/DAPO-Math-17k, prompt[0].content of each row.
        String wrapped = "Solve the following math problem step by step. The last line of your response should be of "
                + "the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n1 + 1?\n\n"
                + "Remember to put your answer on its own line after \"Answer:\".";
        assertThat(PromptForm.DAPO.messages("1 + 1?")).containsExactly(ChatMessage.user(wrapped));
        assertThat(PromptForm.DAPO.messages(wrapped)).containsExactly(ChatMessage.user(wrapped));
    }

    @Test
    void theQwenFormsAskForABox() {
        String instruction = "Please reason step by step, and put your final answer within \\boxed{}.";
        assertThat(PromptForm.named("qwen-math").messages("1 + 1?"))
                .containsExactly(ChatMessage.system(instruction), ChatMessage.user("1 + 1?"));
        assertThat(PromptForm.named("qwen-boxed").messages("1 + 1?"))
                .containsExactly(ChatMessage.user("1 + 1?\n" + instruction));
        assertThat(PromptForm.named("qwen-math").text("1 + 1?", Optional.empty()))
                .isEqualTo(instruction + "\n\n1 + 1?");
    }

    @Test
    void anUnknownFormNamesTheKnown() {
        assertThatThrownBy(() -> PromptForm.named("gsm")).hasMessage(
                "prompt form gsm is unknown; known: plain, dapo, qwen-math, qwen-boxed, java, python");
    }

    private String render() {
        return Tokenizer.load(folder).chatTemplate().orElseThrow().render(HELLO);
    }

    private void configure(String template) throws IOException {
        TinyTokenizer.edit(folder, TokenizerFiles.TOKENIZER_CONFIG, json -> json.put("chat_template", template));
    }
}
