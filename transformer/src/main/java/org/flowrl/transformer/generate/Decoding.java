package org.flowrl.transformer.generate;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Recorder;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.transformer.CacheBatch;
import org.flowrl.transformer.KvCache;
import org.flowrl.transformer.Qwen;

/// One call of {@link Generator#generate}. Alternates two steps until all samples have ended: {@link #admit} fills the
/// batch with new samples, {@link #decode} gives each of its rows one more token.
final class Decoding implements AutoCloseable {
    /// A running sample.
    private static final class Row {
        private final PromptState prompt;
        private final int sample;
        private final RandomKey key;
        private final int sequence;
        private final int[] tokens;
        private final float[] logProbs;
        /// The last token, as the cache takes it.
        private final int[] newest = new int[1];
        private int length;

        private Row(PromptState prompt, int sample, int sequence, int maxNewTokens) {
            this.prompt = prompt;
            this.sample = sample;
            this.key = prompt.key(sample);
            this.sequence = sequence;
            this.tokens = new int[maxNewTokens];
            this.logProbs = new float[maxNewTokens];
        }
    }

    private final Qwen model;
    private final Backend backend;
    private final Scope scope;
    private final Limits limits;
    private final SamplingLaw law;
    private final int maxNewTokens;
    private final BitSet ends;
    private final TokenListener listener;
    private final KvCache cache;
    private final PagePlan plan;
    private final DecodeStep step;
    /// Prompts that have not been computed, in order.
    private final Deque<PromptState> waiting = new ArrayDeque<>();
    /// Prompts that have been computed and have samples to begin, in order.
    private final Deque<PromptState> ready = new ArrayDeque<>();
    private final List<Row> rows = new ArrayList<>();
    private Completion[] completions;

    /// @param pages of the cache
    /// @param longest tokens of the longest sequence that the cache will hold
    Decoding(Qwen model, Backend backend, Scope scope, Limits limits, int pages, int longest, SamplingLaw law,
            int maxNewTokens, BitSet ends, TokenListener listener) {
        this.model = model;
        this.backend = backend;
        this.scope = scope;
        this.limits = limits;
        this.law = law;
        this.maxNewTokens = maxNewTokens;
        this.ends = ends;
        this.listener = listener;
        Optional<Recorder> recorder = backend.recorder();
        this.cache = new KvCache(model.config(), model.store().dtype(), scope,
                pages + (recorder.isPresent() ? RecordedStep.PAGES : 0));
        this.plan = new PagePlan(pages);
        this.step = recorder.isEmpty() ? new DecodeStep.Direct(model, backend, scope, cache, law)
                : new RecordedStep(model, backend, recorder.get(), scope, cache, longest, law);
    }

    List<Completion> run(List<PromptState> prompts, int samples) {
        completions = new Completion[Math.multiplyExact(prompts.size(), samples)];
        waiting.addAll(prompts);
        admit();
        while (!rows.isEmpty()) {
            decode();
            admit();
        }
        return List.of(completions);
    }

    /// Begins samples, and computes prompts for them, while there are rows and pages.
    private void admit() {
        while (true) {
            if (ready.isEmpty()) {
                List<PromptState> group = nextPrompts();
                if (group.isEmpty()) {
                    return;
                }
                prefill(group);
                ready.addAll(group);
            }
            PromptState prompt = ready.element();
            while (!prompt.isBegun()) {
                if (rows.size() == limits.rows() || !plan.hasRoom(prompt.samplePages())) {
                    return;
                }
                begin(prompt);
            }
            ready.remove();
            cache.close(prompt.sequence);
            prompt.sequence = PromptState.NONE;
            releaseIfDone(prompt);
        }
    }

    /// The next prompts, with their pages booked: as many as can begin all samples now and go through one forward pass
    /// together, or one that can begin at least one sample.
    private List<PromptState> nextPrompts() {
        List<PromptState> group = new ArrayList<>();
        int freeRows = limits.rows() - rows.size();
        int tokens = 0;
        long pages = 0;
        while (!waiting.isEmpty() && freeRows > 0) {
            PromptState next = waiting.element();
            long samplePages = (long) next.samplePages() * Math.min(next.samples(), freeRows);
            boolean fitsWhole = next.samples() <= freeRows && tokens + next.tokens.length <= limits.prefillTokens()
                    && plan.hasRoom(pages + next.promptPages() + samplePages);
            boolean fitsAlone = group.isEmpty() && plan.hasRoom(next.promptPages() + next.samplePages());
            if (!fitsWhole && !fitsAlone) {
                break;
            }
            group.add(waiting.remove());
            freeRows -= Math.min(next.samples(), freeRows);
            tokens += next.tokens.length;
            pages += next.promptPages() + samplePages;
            if (!fitsWhole) {
                break;
            }
        }
        group.forEach(prompt -> plan.book(prompt.promptPages()));
        return group;
    }

    /// Computes prompts into the cache, in parts where they are long, and draws the first token of each sample.
    private void prefill(List<PromptState> group) {
        int[] sequences = new int[group.size()];
        for (int g = 0; g < sequences.length; g++) {
            group.get(g).sequence = cache.open();
            sequences[g] = group.get(g).sequence;
        }
        int part = limits.prefillTokens();
        int longest = group.stream().mapToInt(prompt -> prompt.tokens.length).max().orElseThrow();
        for (int from = 0; from < longest; from += part) {
            int[][] tokens = new int[sequences.length][];
            for (int g = 0; g < sequences.length; g++) {
                int[] all = group.get(g).tokens;
                tokens[g] = Arrays.copyOfRange(all, from, Math.min(all.length, from + part));
            }
            try (Tape tape = Tape.inference(backend, scope)) {
                CacheBatch batch = cache.prepare(tape.scope(), sequences, tokens);
                Var hidden = model.forward(tape, batch);                                      // [N, D]
                if (from + part >= longest) {
                    drawFirst(group, hidden, batch.lastRows());
                }
            }
        }
    }

    private void drawFirst(List<PromptState> group, Var hidden, int[] lastRows) {
        int count = group.stream().mapToInt(PromptState::samples).sum();
        int[] from = new int[count];
        double[] uniforms = new double[count];
        int at = 0;
        for (int g = 0; g < lastRows.length; g++) {
            for (int sample = 0; sample < group.get(g).samples(); sample++) {
                from[at] = lastRows[g];
                uniforms[at++] = group.get(g).key(sample).uniform(0);
            }
        }
        Tensor indices = hidden.tape().scope().of(from, count);
        Draws draws = Draws.from(Rows.gather(hidden, indices), model.head().packed(), law, uniforms); // [samples, D]
        at = 0;
        for (PromptState prompt : group) {
            System.arraycopy(draws.tokens(), at, prompt.firstTokens, 0, prompt.samples());
            System.arraycopy(draws.logProbs(), at, prompt.firstLogProbs, 0, prompt.samples());
            at += prompt.samples();
        }
    }

    private void begin(PromptState prompt) {
        int sample = prompt.begun++;
        plan.book(prompt.samplePages());
        prompt.running++;
        Row row = new Row(prompt, sample, cache.fork(prompt.sequence), maxNewTokens);
        if (!append(row, prompt.firstTokens[sample], prompt.firstLogProbs[sample])) {
            rows.add(row);
        }
    }

    /// One more token for each row.
    private void decode() {
        int n = rows.size();
        int[] sequences = new int[n];
        int[][] newest = new int[n][];
        double[] uniforms = new double[n];
        for (int i = 0; i < n; i++) {
            Row row = rows.get(i);
            sequences[i] = row.sequence;
            newest[i] = row.newest;
            uniforms[i] = row.key.uniform(row.length);
        }
        Draws draws = step.next(sequences, newest, uniforms);
        int running = 0;
        for (int i = 0; i < n; i++) {
            Row row = rows.get(i);
            if (!append(row, draws.tokens()[i], draws.logProbs()[i])) {
                rows.set(running++, row);
            }
        }
        rows.subList(running, n).clear();
    }

    /// Adds a token; true where the sample has then ended and its pages have been given back.
    private boolean append(Row row, int token, float logProb) {
        row.tokens[row.length] = token;
        row.newest[0] = token;
        row.logProbs[row.length++] = logProb;
        listener.onToken(row.prompt.index, row.sample, token, logProb);
        boolean finished = ends.get(token);
        if (!finished && row.length < maxNewTokens) {
            return false;
        }
        PromptState prompt = row.prompt;
        boolean isFull = row.length == maxNewTokens;
        completions[prompt.index * prompt.samples() + row.sample] = new Completion(prompt.index, row.sample,
                isFull ? row.tokens : Arrays.copyOf(row.tokens, row.length),
                isFull ? row.logProbs : Arrays.copyOf(row.logProbs, row.length), finished);
        cache.close(row.sequence);
        plan.release(prompt.samplePages());
        prompt.running--;
        releaseIfDone(prompt);
        return true;
    }

    private void releaseIfDone(PromptState prompt) {
        if (prompt.sequence == PromptState.NONE && prompt.running == 0) {
            plan.release(prompt.promptPages());
        }
    }

    @Override
    public void close() {
        step.close();
    }
}
