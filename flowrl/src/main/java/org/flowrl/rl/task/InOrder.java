package org.flowrl.rl.task;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Work that several threads do and whose results are heard in the order in which the work was given: by the giving
/// thread, while it gives more or closes this. One thread is the giving thread itself.
///
/// @param <R> a result
public final class InOrder<R> implements AutoCloseable {
    /// Pieces of work that are given and not yet heard of, for each thread.
    private static final int AHEAD = 2;

    private final int threads;
    private final ExecutorService pool;
    private final Consumer<R> heard;
    private final Deque<Future<R>> open = new ArrayDeque<>();

    /// @param threads that work, at least 1
    /// @param heard hears of each result
    public InOrder(int threads, Consumer<R> heard) {
        this.threads = threads;
        this.heard = heard;
        pool = threads == 1 ? null : Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon()
                .name("in-order-", 0).factory());
    }

    /// Gives work; waits where much of it is not done yet. What it throws is thrown here or by {@link #close}, after
    /// the results before it were heard.
    public void add(Supplier<R> work) {
        if (pool == null) {
            heard.accept(work.get());
            return;
        }
        open.addLast(pool.submit(work::get));
        while (open.size() > AHEAD * threads || !open.isEmpty() && open.peekFirst().isDone()) {
            hear();
        }
    }

    /// Waits for what is not done yet.
    @Override
    public void close() {
        if (pool == null) {
            return;
        }
        try {
            while (!open.isEmpty()) {
                hear();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private void hear() {
        try {
            heard.accept(open.removeFirst().get());
        } catch (InterruptedException e) {
            open.clear();
            pool.shutdownNow();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for results", e);
        } catch (ExecutionException e) {
            open.clear();
            switch (e.getCause()) {
                case RuntimeException thrown -> throw thrown;
                case Error thrown -> throw thrown;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }
}
