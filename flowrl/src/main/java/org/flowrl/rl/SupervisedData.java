package org.flowrl.rl;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.flowrl.rl.data.JsonLines;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.text.Tokenizer;

/// Examples for supervised learning, from JSONL, plain or packed (`.gz`): `{"prompt": …, "response": …}`, or
/// `{"text": …}`, whose first token is the prompt. Each response ends with the tokenizer's end-of-sequence token.
public final class SupervisedData {
    private final Epochs<Policy.Row> rows;

    private SupervisedData(List<Policy.Row> rows) {
        this.rows = new Epochs<>(rows);
    }

    /// The examples of a file.
    ///
    /// @param maxLength tokens of prompt and response together, at the most
    /// @throws org.flowrl.rl.data.DataException naming file, line and column where a line is not JSON
    /// @throws IllegalArgumentException naming file and line where a line is not such an example or is too long
    public static SupervisedData read(Path file, Tokenizer tokenizer, int maxLength) {
        List<Policy.Row> rows = new ArrayList<>();
        JsonLines.read(file, row -> rows.add(row(row.place(), row.value(), tokenizer, maxLength)));
        if (rows.isEmpty()) {
            throw new IllegalArgumentException(file + ": holds no example");
        }
        return new SupervisedData(rows);
    }

    /// Examples `start` … `start + count − 1` of an endless sequence in random order, see {@link Epochs}.
    public List<Policy.Row> draw(RandomKey key, long start, int count) {
        return rows.draw(key, start, count);
    }

    private static Policy.Row row(String place, JsonNode example, Tokenizer tokenizer, int maxLength) {
        int[] prompt;
        int[] response;
        if (example.path("prompt").isTextual() && example.path("response").isTextual()) {
            prompt = tokenizer.encode(example.get("prompt").asText());
            response = tokenizer.encode(example.get("response").asText(), false);
        } else if (example.path("text").isTextual()) {
            int[] all = tokenizer.encode(example.get("text").asText());
            prompt = Arrays.copyOf(all, Math.min(1, all.length));
            response = Arrays.copyOfRange(all, prompt.length, all.length);
        } else {
            throw new IllegalArgumentException(place
                    + ": must hold strings \"prompt\" and \"response\", or \"text\"");
        }
        int end = tokenizer.eosTokenId().orElseThrow(() ->
                new IllegalArgumentException(place + ": the tokenizer names no end-of-sequence token"));
        int length = prompt.length + response.length + 1;
        if (prompt.length == 0 || length > maxLength) {
            throw new IllegalArgumentException(place + ": " + length + " tokens with a prompt of " + prompt.length
                    + "; there must be a prompt, and at most " + maxLength + " tokens");
        }
        int[] ended = Arrays.copyOf(response, response.length + 1);
        ended[response.length] = end;
        return new Policy.Row(prompt, ended);
    }
}
