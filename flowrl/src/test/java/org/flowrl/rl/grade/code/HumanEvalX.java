package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;

/// The problems of `../shared/data/code`, and all of them at a time.
final class HumanEvalX {
    private static final ObjectMapper JSON = new ObjectMapper();

    private HumanEvalX() {
    }

    /// Rows of a file; the test is skipped where it is absent.
    static List<JsonNode> rows(String file) {
        String shared = System.getProperty("flowrl.shared");
        assumeThat(shared).as("system property flowrl.shared").isNotNull();
        Path path = Path.of(shared, "data", "code", file);
        assumeThat(Files.exists(path)).as("%s is there", path).isTrue();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(path)), StandardCharsets.UTF_8))) {
            return lines.lines().map(HumanEvalX::json).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(path.toString(), e);
        }
    }

    /// Applies a grader's work to many items on as many threads as it has cells.
    static <T, R> List<R> inParallel(List<T> items, Function<T, R> work) {
        int threads = SandboxOptions.standard().parallelism();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<R>> futures = items.stream().map(item -> pool.submit(() -> work.apply(item))).toList();
            return futures.stream().map(HumanEvalX::result).toList();
        }
    }

    private static <R> R result(Future<R> future) {
        try {
            return future.get();
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode json(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
