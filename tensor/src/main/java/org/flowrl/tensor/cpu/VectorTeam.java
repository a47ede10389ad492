package org.flowrl.tensor.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.flowrl.tensor.Closing;

/// The workers of a vector backend with their scratch memory, and the rule by which kernels are split.
final class VectorTeam implements AutoCloseable {
    /// Parts for each thread where there is work for them: enough that a late thread costs little.
    private static final int PARTS_PER_THREAD = 4;
    /// Elements in a part from which on a thread has several: as much as takes some 50 µs, or a thread's cache holds.
    private static final long LONG_PART = 1 << 18;

    private final Workers workers;
    private final VectorScratch[] scratch;
    private final VectorScratch shared = new VectorScratch();

    VectorTeam(int threads) {
        workers = new Workers(threads);
        scratch = new VectorScratch[threads];
        for (int i = 0; i < threads; i++) {
            scratch[i] = new VectorScratch();
        }
    }

    int threads() {
        return workers.threads();
    }

    /// Runs parts 0 … count−1, see {@link Workers#run}.
    void run(int count, Workers.Part part) {
        workers.run(count, part);
    }

    /// The scratch memory of one worker, for the part that it runs.
    VectorScratch scratch(int worker) {
        return scratch[worker];
    }

    /// The scratch memory of the kernel call, which all its parts may read and write.
    VectorScratch shared() {
        return shared;
    }

    /// Bytes of all scratch memory.
    long scratchBytes() {
        long bytes = shared.bytes();
        for (VectorScratch each : scratch) {
            bytes += each.bytes();
        }
        return bytes;
    }

    /// How many parts to make of `work` when a part should be at least `least` of it. No result depends on it.
    int parts(long work, long least) {
        if (workers.threads() == 1) {
            return 1;
        }
        long threads = workers.threads();
        long parts = Math.clamp(work / least, 1, PARTS_PER_THREAD * threads);
        return (int) (parts <= threads ? parts : parts / threads * threads);
    }

    /// Runs `range` over 0 … items−1 in parts of at least `grain` items.
    void forEach(long items, long grain, Range range) {
        int count = parts(items, grain);
        if (count == 1) {
            range.run(0, items, 0);
            return;
        }
        runRanges(items, count, range);
    }

    /// As {@link #forEach(long, long, Range)} for kernels that pass over memory: one part for each thread as long as a
    /// part is short, so that in kernels which follow each other a thread mostly meets what it left in its own cache,
    /// else several.
    ///
    /// @param numbers elements of an item
    /// @param least elements that are worth another thread
    void forEach(long items, long numbers, long least, Range range) {
        long work = items * numbers;
        long threads = workers.threads();
        long wanted = work < threads * LONG_PART ? Math.min(threads, work / least) : PARTS_PER_THREAD * threads;
        int count = (int) Math.min(wanted, items);
        if (count <= 1 || threads == 1) {
            range.run(0, items, 0);
            return;
        }
        runRanges(items, count, range);
    }

    private void runRanges(long items, int count, Range range) {
        workers.run(count, (part, worker) ->
                range.run(items * part / count, items * (part + 1) / count, worker));
    }

    /// One part of {@link #forEach}.
    @FunctionalInterface
    interface Range {
        /// Does items `from` … `end`−1.
        void run(long from, long end, int worker);
    }

    @Override
    public void close() {
        List<Runnable> actions = new ArrayList<>(List.of(workers::close, shared::close));
        Arrays.stream(scratch).forEach(each -> actions.add(each::close));
        Closing.all(actions);
    }
}
