package org.flowrl.tensor.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;

/// A persistent team of threads, the caller's included, that runs the parts of a kernel.
///
/// Each worker has an equal share of consecutive parts, so that in kernels which follow each other it meets what it
/// left in its own cache. Parts are claimed one by one, and who has none left takes from the others' shares, so a
/// worker that is asleep or pre-empted delays nothing but the part it holds. Which worker runs a part never changes a
/// result. Helpers spin for half a millisecond after a job, because kernels follow each other closely, and then park:
/// waking one takes some 50 µs. One thread at a time may call {@link #run}.
final class Workers implements AutoCloseable {
    /// Rounds of waiting before a helper parks: some 500 µs, longer than nearly every pause between kernels of one
    /// step.
    private static final int SPINS = 20_000;
    /// Rounds of waiting before the caller yields its processor, which matters with more threads than processors.
    private static final int SPINS_BEFORE_YIELD = 20_000;

    private final Helper[] helpers;
    private volatile Job job;
    private volatile boolean closed;

    /// One part of a job.
    @FunctionalInterface
    interface Part {
        /// Runs part number `part`.
        ///
        /// @param worker the worker that runs it, 0 … threads−1, for scratch memory
        void run(int part, int worker);
    }

    /// A team of `threads` workers; the caller of {@link #run} is worker 0.
    Workers(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("workers: " + threads + " threads must be at least 1");
        }
        helpers = new Helper[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] = new Helper(i + 1);
            helpers[i].thread.start();
        }
    }

    /// Number of workers, the caller's included.
    int threads() {
        return helpers.length + 1;
    }

    /// Runs parts 0 … count−1, each once, and returns when all are done. Where a part throws, parts that nobody has
    /// begun are left out and the first exception is thrown here.
    void run(int count, Part part) {
        if (closed) {
            throw new IllegalStateException("workers: the team is closed");
        }
        if (count <= 1 || helpers.length == 0) {
            for (int i = 0; i < count; i++) {
                part.run(i, 0);
            }
            return;
        }
        Job current = new Job(part, count, threads());
        job = current;
        for (Helper helper : helpers) {
            if (helper.asleep) {
                LockSupport.unpark(helper.thread);
            }
        }
        current.work(0);
        current.await();
        job = null;
        current.rethrow();
    }

    /// Ends the helper threads.
    @Override
    public void close() {
        closed = true;
        for (Helper helper : helpers) {
            LockSupport.unpark(helper.thread);
        }
        for (Helper helper : helpers) {
            join(helper.thread);
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Helper {
        private final int worker;
        private final Thread thread;
        private volatile boolean asleep;

        Helper(int worker) {
            this.worker = worker;
            this.thread = Thread.ofPlatform().daemon().name("flowrl-worker-" + worker).unstarted(this::serve);
        }

        private void serve() {
            Job seen = null;
            while (!closed) {
                Job next = awaitOther(seen);
                if (next != null) {
                    next.work(worker);
                }
                seen = next;
            }
        }

        /// The job of the moment once it is another than `seen`; `seen` itself where the team was closed.
        private Job awaitOther(Job seen) {
            for (int spin = 0; spin < SPINS; spin++) {
                Job next = job;
                if (next != seen && next != null) {
                    return next;
                }
                Thread.onSpinWait();
            }
            asleep = true;
            Job next = job;
            while ((next == null || next == seen) && !closed) {
                LockSupport.park(Workers.this);
                next = job;
            }
            asleep = false;
            return next;
        }
    }

    private static final class Job {
        private final Part part;
        private final int count;
        /// The next part of each worker's share.
        private final AtomicIntegerArray next;
        private final AtomicInteger left;
        private volatile Throwable failure;

        Job(Part part, int count, int workers) {
            this.part = part;
            this.count = count;
            this.next = new AtomicIntegerArray(workers);
            for (int worker = 1; worker < workers; worker++) {
                next.set(worker, firstOf(worker));
            }
            this.left = new AtomicInteger(count);
        }

        /// The first part of a worker's share.
        private int firstOf(int worker) {
            return (int) ((long) count * worker / next.length());
        }

        /// Runs parts as long as there are any: the worker's own, then those of the workers after it.
        void work(int worker) {
            workOn(worker, worker);
            for (int other = worker + 1; other < next.length(); other++) {
                workOn(other, worker);
            }
            for (int other = 0; other < worker; other++) {
                workOn(other, worker);
            }
        }

        private void workOn(int share, int worker) {
            int end = firstOf(share + 1);
            for (int i = next.getAndIncrement(share); i < end; i = next.getAndIncrement(share)) {
                try {
                    if (failure == null) {
                        part.run(i, worker);
                    }
                } catch (RuntimeException | Error e) {
                    failure = e;
                } finally {
                    left.getAndDecrement();
                }
            }
        }

        void await() {
            for (int spin = 0; left.get() != 0; spin++) {
                if (spin < SPINS_BEFORE_YIELD) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
        }

        void rethrow() {
            switch (failure) {
                case null -> { }
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException("workers: a part threw a checked exception", e);
            }
        }
    }
}
