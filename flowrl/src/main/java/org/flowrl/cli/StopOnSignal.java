package org.flowrl.cli;

/// While it is open, Ctrl-C and SIGTERM let the work at hand come to a point from which it can go on. The JVM then
/// ends, with 130 or 143; until then it hears no further signal but SIGKILL.
record StopOnSignal(Thread hook) implements AutoCloseable {
    /// Asks work that other threads do to end, and returns when it has.
    @FunctionalInterface
    interface Stop {
        void run() throws InterruptedException;
    }

    static StopOnSignal of(Stop stop) {
        Thread hook = new Thread(() -> {
            try {
                stop.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }, "stop");
        Runtime.getRuntime().addShutdownHook(hook);
        return new StopOnSignal(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending already: the hook has run or runs, and ends it.
        }
    }
}
