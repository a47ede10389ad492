package org.flowrl.bench.steps;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// llama.cpp through node-llama-cpp: a process of `bench/llama/steps.mjs` on a GGUF file of the same weights, which is
/// written to a temporary folder. Wants `npm install --ignore-scripts` in that folder; the system property
/// `flowrl.bench.llama` says where it is, if not at `bench/llama`.
public final class LlamaEngine implements StepEngine {
    private static final Path FOLDER = Path.of(System.getProperty("flowrl.bench.llama", "bench/llama"));

    @Override
    public String name() {
        return "llama.cpp BF16";
    }

    @Override
    public String description() {
        return "llama.cpp of node-llama-cpp 3.22.1, CPU, BF16 matrices, activations rounded to BF16 for them, "
                + "F16 cache";
    }

    @Override
    public Optional<String> refusal(Workload workload) {
        if (workload.kind() != Workload.Kind.DECODE && workload.kind() != Workload.Kind.PREFILL) {
            return Optional.of("it does not train");
        }
        return Files.exists(FOLDER.resolve("node_modules")) ? Optional.empty()
                : Optional.of(FOLDER + " has no node_modules: run npm install --ignore-scripts there");
    }

    @Override
    public double lossTolerance() {
        return 0;
    }

    @Override
    public Prepared open(Workload workload, int threads) {
        return new Session(workload, threads);
    }

    private static final class Session implements Prepared {
        private final JsonMapper json = JsonMapper.builder().build();
        private final Workload workload;
        private final Path folder;
        private final Path model;
        private final Process process;
        private final BufferedWriter requests;
        private final BufferedReader answers;

        private Session(Workload workload, int threads) {
            this.workload = workload;
            try {
                this.folder = Files.createTempDirectory("flowrl-llama");
                this.model = folder.resolve("model.gguf");
                QwenGguf.write(workload.config(), model);
                this.process = new ProcessBuilder("node", FOLDER.resolve("steps.mjs").toString(), model.toString(),
                        Integer.toString(threads)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            this.requests = process.outputWriter();
            this.answers = process.inputReader();
        }

        @Override
        public Outcome run() {
            ObjectNode request = json.createObjectNode().put("command", "run")
                    .put("newTokens", Math.max(1, workload.newTokens()));
            request.set("tokens", json.valueToTree(workload.tokens()));
            JsonNode answer = ask(request);
            List<int[]> generated = new ArrayList<>();
            for (JsonNode row : answer.get("generated")) {
                generated.add(json.convertValue(row, int[].class));
            }
            String stage = workload.kind() == Workload.Kind.DECODE ? "decodeSeconds" : "promptSeconds";
            return new Outcome(answer.get(stage).asDouble(), workload.creditedTokens(), Double.NaN, generated,
                    Map.of());
        }

        private JsonNode ask(ObjectNode request) {
            try {
                requests.write(request.toString());
                requests.newLine();
                requests.flush();
                String line = answers.readLine();
                if (line == null) {
                    throw new IllegalStateException("llama.cpp: the process ended, its messages are above");
                }
                return json.readTree(line);
            } catch (IOException e) {
                throw new UncheckedIOException("llama.cpp: " + workload, e);
            }
        }

        @Override
        public void close() {
            try {
                requests.close();
                process.waitFor();
                Files.delete(model);
                Files.delete(folder);
            } catch (IOException e) {
                throw new UncheckedIOException(folder.toString(), e);
            } catch (InterruptedException e) {
                process.destroy();
                Thread.currentThread().interrupt();
            }
        }
    }
}
