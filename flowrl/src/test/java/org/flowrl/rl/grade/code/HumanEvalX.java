package org.flowrl.rl.grade.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.flowrl.rl.SharedRows;

/// The problems of `../shared/data/code`, and all of them at a time.
final class HumanEvalX {
    private HumanEvalX() {
    }

    /// The Java problems; the test is skipped where they are absent.
    static List<JsonNode> rows() {
        return SharedRows.of("code/humaneval-x-java.jsonl.gz");
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
}
