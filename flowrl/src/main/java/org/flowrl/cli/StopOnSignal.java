package org.flowrl.cli;

import org.flowrl.rl.TrainingRun;

/// While it is open, Ctrl-C and SIGTERM let the training step at hand end, and leave a checkpoint. The JVM then ends;
/// until then it hears no further signal but SIGKILL, which older checkpoints survive.
record StopOnSignal(Thread hook) implements AutoCloseable {
    static StopOnSignal of(TrainingRun run, TrainProgress progress) {
        Thread hook = new Thread(() -> stop(run, progress), "stop");
        Runtime.getRuntime().addShutdownHook(hook);
        return new StopOnSignal(hook);
    }

    private static void stop(TrainingRun run, TrainProgress progress) {
        progress.stopping();
        run.stop();
        try {
            run.awaitTrained();
            progress.stopped(run);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
