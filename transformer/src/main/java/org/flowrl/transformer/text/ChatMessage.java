package org.flowrl.transformer.text;

/// One turn of a conversation.
///
/// @param role who speaks: `system`, `user`, `assistant` or `tool`
/// @param content what is said
public record ChatMessage(String role, String content) {
    /// What the person says.
    public static ChatMessage user(String content) {
        return new ChatMessage("user", content);
    }

    /// What the model is told to be.
    public static ChatMessage system(String content) {
        return new ChatMessage("system", content);
    }
}
