package org.flowrl.transformer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Keys and values of growing sequences, in pages of {@link #PAGE_TOKENS} tokens (Kwon et al. 2023, PagedAttention).
///
/// Pages are counted from a sequence's first token. Full pages are never written to again, so a {@link #fork} shares
/// them; only the last, partly filled one is copied. All memory is taken at the start and never grows. Lanes of a page
/// that nothing was written to hold anything: what kernels give does not depend on them.
///
/// ```java
/// int prompt = cache.open();
/// model.forward(tape, cache.prepare(scope, new int[] {prompt}, new int[][] {{5, 7, 1}}));
/// int sample = cache.fork(prompt);
/// ```
public final class KvCache {
    /// Tokens in a page.
    public static final int PAGE_TOKENS = Backend.LANES;

    /// Pages that a new sequence has places for; their number doubles when they are used up.
    private static final int FIRST_PAGES = 4;

    private static final class Sequence {
        private int length;
        private int[] pages;

        private Sequence(int length, int[] pages) {
            this.length = length;
            this.pages = pages;
        }

        private int pageCount() {
            return pagesFor(length);
        }
    }

    private final List<Tensor> keyPages = new ArrayList<>();
    private final List<Tensor> valuePages = new ArrayList<>();
    /// How many sequences each page belongs to; 0 where it is free.
    private final int[] references;
    private final Deque<Integer> freePages = new ArrayDeque<>();
    /// By number; null where the number is free.
    private final List<Sequence> sequences = new ArrayList<>();
    private final Deque<Integer> freeNumbers = new ArrayDeque<>();

    /// A cache of {@link #bytes} bytes in `scope`.
    ///
    /// @param dtype of the model's activations
    /// @param pages capacity, shared by all sequences
    public KvCache(QwenConfig config, DType dtype, Scope scope, int pages) {
        if (pages < 1 || pages > Integer.MAX_VALUE / PAGE_TOKENS) {
            throw new IllegalArgumentException("kv cache: " + pages + " pages must be in 1 … "
                    + Integer.MAX_VALUE / PAGE_TOKENS);
        }
        int g = config.numKeyValueHeads();
        int e = config.headDim();
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            keyPages.add(scope.allocate(dtype, pages, g, e, PAGE_TOKENS));
            valuePages.add(scope.allocate(dtype, pages, g, PAGE_TOKENS, e));
        }
        references = new int[pages];
        for (int page = 0; page < pages; page++) {
            freePages.add(page);
        }
    }

    /// Pages that a sequence of this many tokens fills or begins.
    public static int pagesFor(int tokens) {
        return Math.ceilDiv(tokens, PAGE_TOKENS);
    }

    /// Bytes of a cache of this many pages: 2 · layers · G · E · 16 elements a page.
    public static long bytes(QwenConfig config, DType dtype, int pages) {
        return 2L * config.numHiddenLayers() * config.numKeyValueHeads() * config.headDim() * PAGE_TOKENS
                * dtype.bytes() * pages;
    }

    /// Pages that no sequence holds.
    public int freePages() {
        return freePages.size();
    }

    /// Tokens of a sequence so far.
    public int length(int sequence) {
        return require(sequence).length;
    }

    /// The number of a new, empty sequence; numbers of closed sequences are used again.
    public int open() {
        return add(new Sequence(0, new int[FIRST_PAGES]));
    }

    /// The number of a new sequence with the tokens of `sequence`: full pages are shared, a partly filled one is
    /// copied.
    ///
    /// @throws IllegalStateException where the copy finds no free page
    public int fork(int sequence) {
        Sequence from = require(sequence);
        int full = from.length / PAGE_TOKENS;
        boolean isPartial = from.length % PAGE_TOKENS != 0;
        requireFree(isPartial ? 1 : 0);
        Sequence to = new Sequence(from.length, from.pages.clone());
        for (int i = 0; i < full; i++) {
            references[to.pages[i]]++;
        }
        if (isPartial) {
            to.pages[full] = take();
            copy(from.pages[full], to.pages[full]);
        }
        return add(to);
    }

    /// Ends a sequence; pages that no other sequence shares become free.
    public void close(int sequence) {
        Sequence closed = require(sequence);
        for (int i = 0; i < closed.pageCount(); i++) {
            int page = closed.pages[i];
            if (--references[page] == 0) {
                freePages.add(page);
            }
        }
        sequences.set(sequence, null);
        freeNumbers.add(sequence);
    }

    /// Appends tokens to sequences and gives what a forward pass needs to compute them. That pass must run before the
    /// next call about these sequences.
    ///
    /// @param scope holds the batch's tensors
    /// @param numbers B open sequences, each once
    /// @param tokens at least one new token for each
    /// @throws IllegalStateException where there are not enough free pages; nothing is appended
    public CacheBatch prepare(Scope scope, int[] numbers, int[][] tokens) {
        Appended added = append(numbers, tokens);
        int n = added.ids.length;
        int width = pagesFor(added.longest);
        int[] table = new int[numbers.length * width];
        writePageTable(numbers, width, table, 0);
        return new CacheBatch(this, scope.of(added.ids, n), scope.of(added.positions, n), scope.of(added.slots, n),
                scope.of(added.rows, n), scope.of(table, numbers.length, width), added.lastRows, added.longest);
    }

    /// Tokens that have places in the cache: the fields of a {@link CacheBatch}, on the host.
    record Appended(int[] ids, int[] positions, int[] slots, int[] rows, int[] lastRows, int longest) {
    }

    /// Appends tokens to sequences, as {@link #prepare} does, and says where they stand.
    Appended append(int[] numbers, int[][] tokens) {
        requireFree(newPages(numbers, tokens));
        int n = Arrays.stream(tokens).mapToInt(added -> added.length).sum();
        int[] ids = new int[n];
        int[] positions = new int[n];
        int[] slots = new int[n];
        int[] rows = new int[n];
        int[] lastRows = new int[numbers.length];
        int longest = 0;
        int at = 0;
        for (int b = 0; b < numbers.length; b++) {
            Sequence sequence = sequences.get(numbers[b]);
            for (int token : tokens[b]) {
                ids[at] = token;
                positions[at] = sequence.length;
                slots[at] = append(sequence);
                rows[at++] = b;
            }
            lastRows[b] = at - 1;
            longest = Math.max(longest, sequence.length);
        }
        return new Appended(ids, positions, slots, rows, lastRows, longest);
    }

    /// Writes the pages of sequences to rows of `width` entries each, from `table[at]` on.
    void writePageTable(int[] numbers, int width, int[] table, int at) {
        for (int b = 0; b < numbers.length; b++) {
            Sequence sequence = sequences.get(numbers[b]);
            System.arraycopy(sequence.pages, 0, table, at + b * width, sequence.pageCount());
        }
    }

    Tensor keyPages(int layer) {
        return keyPages.get(layer);
    }

    Tensor valuePages(int layer) {
        return valuePages.get(layer);
    }

    /// Pages that appending would take; checks the arguments.
    private int newPages(int[] numbers, int[][] tokens) {
        if (numbers.length == 0 || numbers.length != tokens.length) {
            throw new IllegalArgumentException("kv cache: " + numbers.length + " sequences and " + tokens.length
                    + " lists of tokens must be as many, and at least one");
        }
        boolean[] isNamed = new boolean[sequences.size()];
        int pages = 0;
        for (int b = 0; b < numbers.length; b++) {
            Sequence sequence = require(numbers[b]);
            if (isNamed[numbers[b]] || tokens[b].length == 0) {
                throw new IllegalArgumentException("kv cache: sequence " + numbers[b] + (isNamed[numbers[b]]
                        ? " must be named once" : " must get at least one token"));
            }
            isNamed[numbers[b]] = true;
            pages += pagesFor(Math.addExact(sequence.length, tokens[b].length)) - sequence.pageCount();
        }
        return pages;
    }

    /// Makes room for one token; its slot.
    private int append(Sequence sequence) {
        int page = sequence.length / PAGE_TOKENS;
        int lane = sequence.length % PAGE_TOKENS;
        if (lane == 0) {
            if (page == sequence.pages.length) {
                sequence.pages = Arrays.copyOf(sequence.pages, 2 * page);
            }
            sequence.pages[page] = take();
        }
        sequence.length++;
        return sequence.pages[page] * PAGE_TOKENS + lane;
    }

    private int take() {
        int page = freePages.remove();
        references[page] = 1;
        return page;
    }

    private void copy(int from, int to) {
        for (int layer = 0; layer < keyPages.size(); layer++) {
            keyPages.get(layer).copyRows(to, keyPages.get(layer), from, 1);
            valuePages.get(layer).copyRows(to, valuePages.get(layer), from, 1);
        }
    }

    private int add(Sequence sequence) {
        if (freeNumbers.isEmpty()) {
            sequences.add(sequence);
            return sequences.size() - 1;
        }
        int number = freeNumbers.remove();
        sequences.set(number, sequence);
        return number;
    }

    private Sequence require(int number) {
        if (number < 0 || number >= sequences.size() || sequences.get(number) == null) {
            throw new IllegalArgumentException("kv cache: sequence " + number + " is not open");
        }
        return sequences.get(number);
    }

    private void requireFree(int pages) {
        if (pages > freePages.size()) {
            throw new IllegalStateException("kv cache: " + pages + " pages of " + PAGE_TOKENS + " tokens are needed, "
                    + freePages.size() + " of " + references.length + " are free");
        }
    }
}
