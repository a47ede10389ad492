package org.flowrl.rl.objective;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.flowrl.tensor.SharedData;

/// Answers of the public reference functions, in the shared data; see its SOURCES.md.
final class ReferenceVectors {
    private ReferenceVectors() {
    }

    /// The file `name` of the shared data, see {@link SharedData}.
    static JsonNode read(String name) {
        try {
            return new JsonMapper().readTree(SharedData.path(name).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Numbers of a list.
    static double[] numbers(JsonNode list) {
        return IntStream.range(0, list.size()).mapToDouble(i -> list.get(i).doubleValue()).toArray();
    }

    /// Numbers of a list of lists, row by row.
    static double[] matrix(JsonNode rows) {
        return IntStream.range(0, rows.size()).boxed().flatMapToDouble(i ->
                Arrays.stream(numbers(rows.get(i)))).toArray();
    }

    /// The first `lengths[i]` numbers of each row of a padded list of lists.
    static double[][] unpadded(JsonNode rows, int[] lengths) {
        return IntStream.range(0, lengths.length).mapToObj(i ->
                Arrays.copyOf(numbers(rows.get(i)), lengths[i])).toArray(double[][]::new);
    }

    /// Each row's number of leading ones.
    static int[] lengths(JsonNode mask) {
        return IntStream.range(0, mask.size()).map(i ->
                (int) Arrays.stream(numbers(mask.get(i))).sum()).toArray();
    }

    /// Integers of a list; texts are numbered by first appearance.
    static int[] groups(JsonNode list) {
        List<String> names = IntStream.range(0, list.size()).mapToObj(i -> list.get(i).asText()).toList();
        return names.stream().mapToInt(names::indexOf).toArray();
    }

    /// The responses of a case of `rl-losses.json`, with its group-standardised advantages.
    static Bench.Responses verl(JsonNode test) {
        JsonNode inputs = test.get("inputs");
        int[] lengths = Arrays.stream(numbers(inputs.get("lengths"))).mapToInt(length -> (int) length).toArray();
        return new Bench.Responses(unpadded(inputs.get("log_prob"), lengths),
                unpadded(inputs.get("old_log_prob"), lengths), unpadded(inputs.get("ref_log_prob"), lengths),
                unpadded(test.get("expected").get("advantages").get("grpo"), lengths));
    }

    /// The responses of a case of `flowrl-loss-vectors.json`, with its group-standardised advantages.
    static Bench.Responses released(JsonNode test) {
        JsonNode inputs = test.get("inputs");
        int[] lengths = lengths(inputs.get("response_mask"));
        return new Bench.Responses(unpadded(inputs.get("logpf"), lengths), unpadded(inputs.get("logpf_old"), lengths),
                unpadded(inputs.get("logpf_ref"), lengths), unpadded(test.get("grpo_advantage_std_norm"), lengths));
    }
}
