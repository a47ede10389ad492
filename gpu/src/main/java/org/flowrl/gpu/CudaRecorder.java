package org.flowrl.gpu;

import org.flowrl.tensor.Recorder;

/// Records work as CUDA graphs. A graph holds what was put into the stream, parameters of kernels included, so that a
/// launch of it costs the host one call.
record CudaRecorder(Card card) implements Recorder {
    /// The system property that turns recording `on` (the default) or `off`, where a step at a time is to be looked at.
    static final String PROPERTY = "gpu.graphs";

    /// True where the system property allows graphs.
    ///
    /// @throws IllegalArgumentException where it is neither `on` nor `off`
    static boolean isOn() {
        String graphs = System.getProperty(PROPERTY, "on");
        return switch (graphs) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException(PROPERTY + " '" + graphs + "' must be on or off");
        };
    }

    @Override
    public Recording record(Runnable work) {
        CudaDevice device = card.device();
        long graph = device.capture(work);
        try {
            return new Graph(card, card.scratch().moves(), device.enter().instantiate(graph));
        } finally {
            device.enter().destroyGraph(graph);
        }
    }

    /// @param moves of scratch memory before the graph was made
    private record Graph(Card card, long moves, long executable) implements Recording {
        @Override
        public boolean isCurrent() {
            return moves == card.scratch().moves();
        }

        @Override
        public void run() {
            if (!isCurrent()) {
                throw new IllegalStateException("recording: the memory that kernels work in has moved, the work must "
                        + "be recorded anew");
            }
            card.device().enter().launchGraph(executable, card.device().stream());
        }

        @Override
        public void close() {
            card.device().enter().destroyExecutable(executable);
        }
    }
}
