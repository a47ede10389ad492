package org.flowrl.rl;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.rl.data.TextLines;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.transformer.text.Tokenizer;

/// The responses of one step as JSONL: `problem` (its id), `group`, `prompt`, `sample`, `response`,
/// `gold`, `tokens`, `log_probs`, `verdict`, `reward`. `score` grades such a file again.
final class RolloutFile {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private RolloutFile() {
    }

    /// Writes `step-N.jsonl` into `folder`.
    ///
    /// @param tokenizer of the prompts
    static void write(Path folder, long step, Rollout rollout, Tokenizer tokenizer) {
        List<String> lines = new ArrayList<>();
        Path file = folder.resolve("step-" + step + ".jsonl");
        try {
            for (Response response : rollout.responses()) {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("problem", response.problem().id());
                row.put("group", response.group());
                row.put("prompt", tokenizer.decode(response.prompt(), false));
                row.put("sample", response.sample());
                row.put("response", response.text());
                row.put("gold", response.problem().answer());
                row.put("tokens", response.tokens());
                row.put("log_probs", response.logProbs());
                row.put("verdict", response.verdict().kind());
                row.put("reward", response.reward());
                lines.add(JSON.writeValueAsString(row));
            }
            Files.createDirectories(folder);
            TextLines.write(file, lines);
        } catch (IOException e) {
            throw IoFault.writing(file, e);
        }
    }
}
