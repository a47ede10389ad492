package org.flowrl.transformer.generate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Recorder;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.DecodeBatch;
import org.flowrl.transformer.KvCache;
import org.flowrl.transformer.Qwen;

/// Records the step of each number of rows, once, and has the device repeat it.
///
/// Numbers of rows are rounded up to 1, 2, 3, 4, 6, 8, 12, 16, 24, …, so that a batch that shrinks by single samples
/// needs few recordings and computes at most half as many rows again, nearly all of a step's time being the weights'.
/// The first step of a number of rows is asked for kernel by kernel, in which the device makes room for what it needs;
/// the second one is recorded.
///
/// All recordings together take the memory of that of the most rows, beside their inputs: activations of fewer rows lie
/// where those of more rows do, one recording running at a time. Where more rows come than before, those of fewer rows
/// are given up, and made anew when they are needed.
final class RecordedStep implements DecodeStep {
    /// Pages of the cache that it takes for itself.
    static final int PAGES = 1;

    /// One number of rows.
    private final class Bucket {
        private final DecodeBatch batch;
        private final Draws.Places places;
        private final double[] uniforms;
        private boolean isWarm;
        private Recorder.Recording recording;

        Bucket(int rows) {
            batch = new DecodeBatch(cache, scope, spare, rows, longest);
            places = Draws.Places.of(scope.allocate(DType.F64, rows), model.store().dtype());
            uniforms = new double[rows];
        }

        Draws next(int[] sequences, int[][] newest, double[] drawn) {
            batch.write(sequences, newest);
            System.arraycopy(drawn, 0, uniforms, 0, drawn.length);
            Arrays.fill(uniforms, drawn.length, uniforms.length, 0);
            places.uniforms().copyFrom(uniforms);
            if (isWarm) {
                record();
                recording.run();
            } else {
                compute();
                isWarm = true;
            }
            return places.read(sequences.length);
        }

        private void record() {
            if (recording != null && !recording.isCurrent()) {
                close();
            }
            if (recording == null) {
                recording = recorder.record(this::compute);
            }
        }

        private void compute() {
            try (Scope step = Scope.root("decode", own); Tape tape = Tape.inference(backend, step)) {
                Var hidden = model.forward(tape, batch.rows());                                // [rows, D]
                places.draw(hidden, model.head().packed(), law);
            }
        }

        void close() {
            if (recording != null) {
                recording.close();
                recording = null;
            }
        }
    }

    private final Qwen model;
    private final Backend backend;
    private final Recorder recorder;
    private final Scope scope;
    private final KvCache cache;
    private final int longest;
    private final SamplingLaw law;
    private final int spare;
    /// Where the recordings' activations lie: nobody else's, or a replay would overwrite what others put there.
    private Memory own;
    private final Map<Integer, Bucket> buckets = new HashMap<>();
    private int most;

    /// @param scope holds inputs and outputs; outlives this object
    /// @param cache with {@link #PAGES} to spare
    /// @param longest tokens of the longest sequence there will be
    RecordedStep(Qwen model, Backend backend, Recorder recorder, Scope scope, KvCache cache, int longest,
            SamplingLaw law) {
        this.model = model;
        this.backend = backend;
        this.recorder = recorder;
        this.scope = scope;
        this.cache = cache;
        this.longest = longest;
        this.law = law;
        this.spare = DecodeBatch.openSpare(cache);
        this.own = scope.memory().child();
    }

    /// The next power of two, or one and a half of one.
    static int bucket(int rows) {
        int power = Integer.highestOneBit(rows);
        return rows == power ? rows : rows <= power + power / 2 ? power + power / 2 : 2 * power;
    }

    @Override
    public Draws next(int[] sequences, int[][] newest, double[] uniforms) {
        int rows = bucket(sequences.length);
        if (rows > most) {
            close();
            buckets.clear();
            own = scope.memory().child();
            most = rows;
        }
        return buckets.computeIfAbsent(rows, Bucket::new).next(sequences, newest, uniforms);
    }

    @Override
    public void close() {
        buckets.values().forEach(Bucket::close);
        own.close();
    }
}
