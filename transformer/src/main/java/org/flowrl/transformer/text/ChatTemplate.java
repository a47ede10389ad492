package org.flowrl.transformer.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.transformer.text.jinja.JinjaTemplate;

/// Turns a conversation into the text that a model was trained on, by the template in its folder, exactly as
/// Transformers' `apply_chat_template` does.
///
/// ```java
/// ChatTemplate template = tokenizer.chatTemplate().orElseThrow();
/// int[] prompt = tokenizer.encode(template.render(List.of(ChatMessage.user("1 + 1?"))), false);
/// ```
///
/// The text holds all special tokens that the model expects, bos included, so it is encoded without adding any.
/// See [Tokenizer#chatTemplate()]; immutable.
public final class ChatTemplate {
    private final JinjaTemplate template;
    private final JinjaTemplate toolTemplate;
    private final Map<String, String> specialTokens;

    private ChatTemplate(JinjaTemplate template, JinjaTemplate toolTemplate, Map<String, String> specialTokens) {
        this.template = template;
        this.toolTemplate = toolTemplate;
        this.specialTokens = Map.copyOf(specialTokens);
    }

    /// The template that `source` spells in Jinja.
    ///
    /// @param name what errors call it: its file
    /// @param specialTokens variables such as `bos_token`
    /// @throws org.flowrl.transformer.text.jinja.JinjaException naming template and line where the source breaks a
    ///         rule of the language, or asks for what is not supported
    public static ChatTemplate of(String name, String source, Map<String, String> specialTokens) {
        JinjaTemplate template = JinjaTemplate.of(name, source);
        return new ChatTemplate(template, template, specialTokens);
    }

    /// A template with another for conversations that have tools.
    static ChatTemplate of(String name, String source, String toolSource, Map<String, String> specialTokens) {
        return new ChatTemplate(JinjaTemplate.of(name, source), JinjaTemplate.of(name, toolSource), specialTokens);
    }

    /// A conversation as JSON has it, for messages with more than a role and a content.
    ///
    /// @param messages a list of objects with `role`, and `content`, `tool_calls`, `reasoning_content` …
    /// @param tools a list of functions that the model may call
    /// @param addGenerationPrompt whether the text ends where the assistant's answer begins
    /// @param variables further variables of the template, such as `enable_thinking`: null, Boolean, Long, Double,
    ///        String, or List or Map of such
    public record Conversation(JsonNode messages, Optional<JsonNode> tools, boolean addGenerationPrompt,
            Map<String, ?> variables) {
    }

    /// The text of a conversation up to where the assistant's answer begins.
    ///
    /// @throws org.flowrl.transformer.text.jinja.JinjaException where the template refuses it
    public String render(List<ChatMessage> messages) {
        return render(messages, Map.of());
    }

    /// As [#render(List)], with further variables of the template.
    public String render(List<ChatMessage> messages, Map<String, ?> variables) {
        ArrayNode nodes = JsonNodeFactory.instance.arrayNode();
        for (ChatMessage message : messages) {
            nodes.addObject().put("role", message.role()).put("content", message.content());
        }
        return render(new Conversation(nodes, Optional.empty(), true, variables));
    }

    /// The text of a conversation.
    ///
    /// @throws org.flowrl.transformer.text.jinja.JinjaException where the template refuses it
    public String render(Conversation conversation) {
        Map<String, Object> variables = new HashMap<>(specialTokens);
        variables.putAll(conversation.variables());
        variables.put("messages", value(conversation.messages()));
        variables.put("tools", conversation.tools().map(ChatTemplate::value).orElse(null));
        variables.put("documents", null);
        variables.put("add_generation_prompt", conversation.addGenerationPrompt());
        return (conversation.tools().isPresent() ? toolTemplate : template).render(variables);
    }

    private static Object value(JsonNode node) {
        return switch (node.getNodeType()) {
            case NULL, MISSING -> null;
            case BOOLEAN -> node.booleanValue();
            case NUMBER -> number(node);
            case STRING -> node.textValue();
            case ARRAY -> {
                List<Object> items = new ArrayList<>();
                node.forEach(item -> items.add(value(item)));
                yield items;
            }
            case OBJECT -> {
                Map<String, Object> entries = new LinkedHashMap<>();
                node.properties().forEach(entry -> entries.put(entry.getKey(), value(entry.getValue())));
                yield entries;
            }
            case BINARY, POJO -> throw new IllegalArgumentException("a conversation holds JSON, not "
                    + node.getNodeType());
        };
    }

    private static Object number(JsonNode node) {
        if (!node.isIntegralNumber()) {
            return node.doubleValue();
        }
        if (!node.canConvertToLong()) {
            throw new IllegalArgumentException("the integer " + node + " of a conversation is beyond 64 bits");
        }
        return node.longValue();
    }
}
