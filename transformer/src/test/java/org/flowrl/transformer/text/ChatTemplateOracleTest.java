package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.flowrl.tensor.SharedData;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Texts and ids that Transformers made of published templates (data/chat-templates/renders.jsonl).
class ChatTemplateOracleTest {
    private static final JsonMapper MAPPER = new JsonMapper();
    /// As counted in the file.
    private static final int RENDERS = 113;

    private static Path data;
    private static List<JsonNode> rows;

    @BeforeAll
    static void read() throws IOException {
        data = SharedData.path("chat-templates");
        rows = new ArrayList<>();
        for (String line : Files.readAllLines(data.resolve("renders.jsonl"))) {
            rows.add(MAPPER.readTree(line));
        }
    }

    @Test
    void conversationsRenderAsInTransformers() {
        List<String> different = new ArrayList<>();
        for (JsonNode row : rows) {
            String text = rendered(row);
            if (!text.equals(row.get("text").textValue())) {
                different.add(row.get("template").textValue() + "\n" + text + "\n--- instead of\n"
                        + row.get("text").textValue());
            }
        }
        assertThat(rows).hasSize(RENDERS);
        assertThat(different).isEmpty();
    }

    @Test
    void renderedTextsHaveTheIdsOfTransformers() {
        Tokenizer tokenizer = Tokenizer.load(SharedData.path("tokenizer").resolve("qwen2.5"));
        int compared = 0;
        for (JsonNode row : rows) {
            if (!row.get("ids").isNull()) {
                int[] ids = MAPPER.convertValue(row.get("ids"), int[].class);
                assertThat(tokenizer.encode(rendered(row), false)).as(row.get("text").textValue()).isEqualTo(ids);
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(rows.size() / 2);
    }

    /// The folder's template is that of Qwen2.5-Instruct.
    @Test
    void aFoldersOwnTemplateIsFound() {
        Tokenizer tokenizer = Tokenizer.load(SharedData.path("tokenizer").resolve("qwen2.5"));
        assertThat(tokenizer.chatTemplate().orElseThrow().render(List.of(ChatMessage.user("1 + 1?")))).isEqualTo("""
                <|im_start|>system
                You are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>
                <|im_start|>user
                1 + 1?<|im_end|>
                <|im_start|>assistant
                """);
    }

    @Test
    void allPublishedTemplatesAreAmongTheRendersOrAreCopies() {
        assertThat(rows.stream().map(row -> row.get("template").textValue()).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder("Qwen2.5-Instruct.jinja", "trl-qwen3.jinja",
                        "trl-qwen3_instruct_2507.jinja", "llamacpp-DeepSeek-R1-Distill-Qwen-32B.jinja");
    }

    private static String rendered(JsonNode row) {
        Map<String, Object> variables = new HashMap<>();
        row.get("kwargs").properties().forEach(entry -> variables.put(entry.getKey(),
                entry.getValue().isBoolean() ? (Object) entry.getValue().booleanValue()
                        : entry.getValue().textValue()));
        return template(row.get("template").textValue()).render(new ChatTemplate.Conversation(
                row.get("messages"), Optional.of(row.get("tools")).filter(tools -> !tools.isNull()),
                row.get("add_generation_prompt").booleanValue(), variables));
    }

    private static ChatTemplate template(String name) {
        try {
            return ChatTemplate.of(name, Files.readString(data.resolve(name)), Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

}
