package org.flowrl.rl;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.flowrl.rl.data.TextLines;
import org.flowrl.tensor.io.AtomicFile;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.tensor.io.JsonText;

/// What a run ends with: `evaluation.json` (`step`, `metrics` of the trained policy and `reference_metrics`) and
/// `answers.jsonl`, a line a problem with its answers: `text`, `correct`, `reward`, `log_prob` and `reference_log_prob`
/// of the whole answer.
public final class EvaluationFile {
    /// Wrong answers less likely than this are left out.
    public static final double LEAST_WRONG_PROBABILITY = 1e-3;

    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private EvaluationFile() {
    }

    /// Writes both files into a run's folder.
    ///
    /// @param reference measured on the policy before training
    static void write(Path folder, long step, Evaluator.Report reference, Evaluator.Report report,
            List<Evaluator.AnswerSheet> sheets) {
        Map<String, Object> evaluation = new LinkedHashMap<>();
        evaluation.put("step", step);
        evaluation.put("metrics", new TreeMap<>(report.metrics()));
        evaluation.put("reference_metrics", new TreeMap<>(reference.metrics()));
        try {
            List<String> lines = new ArrayList<>();
            for (Evaluator.AnswerSheet sheet : sheets) {
                lines.add(JSON.writeValueAsString(row(sheet)));
            }
            TextLines.write(folder.resolve("answers.jsonl"), lines);
        } catch (IOException e) {
            throw IoFault.writing(folder, e);
        }
        AtomicFile.write(folder.resolve("evaluation.json"), JsonText.of(evaluation));
    }

    private static Map<String, Object> row(Evaluator.AnswerSheet sheet) {
        double least = Math.log(LEAST_WRONG_PROBABILITY);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("problem", sheet.problem().id());
        row.put("prompt", sheet.problem().prompt());
        row.put("answers", sheet.answers().stream().filter(answer -> answer.correct() || answer.logProb() >= least)
                .map(EvaluationFile::row).toList());
        return row;
    }

    private static Map<String, Object> row(Evaluator.Answer answer) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("text", answer.text());
        row.put("correct", answer.correct());
        row.put("reward", answer.reward());
        row.put("log_prob", answer.logProb());
        row.put("reference_log_prob", answer.referenceLogProb());
        return row;
    }
}
