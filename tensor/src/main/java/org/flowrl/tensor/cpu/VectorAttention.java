package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.INT;
import static org.flowrl.tensor.cpu.VectorLanes.LANE_BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;

import java.lang.foreign.MemorySegment;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Tensor;

/// Attention by parts of one sequence and key head each. N tokens, B sequences, H query heads, G key/value heads of E
/// numbers; i is a row (query) and j a key of one sequence, both counted from its first token.
///
/// Rows are taken in groups of up to six, a register tile. Scores of a group over all its keys lie in scratch, in pages
/// of sixteen keys; what a row's products read of them ends at its own key.
final class VectorAttention implements AttentionKernels {
    /// Parts for each thread: sequences differ in length.
    private static final int PARTS_PER_THREAD = 16;
    /// Numbers of keys that are worth another thread when they are written into pages, some 5 µs of work.
    private static final long WRITE_NUMBERS = 1 << 12;
    /// The least products of a part.
    private static final long PART_WORK = 1 << 14;

    private final VectorTeam team;

    VectorAttention(VectorTeam team) {
        this.team = team;
    }

    @Override
    public void forward(Tensor q, Tensor k, Tensor v, Tensor starts, double scale, Tensor out, Tensor statistics) {
        Arguments.attentionForward(q, k, v, starts, scale, out, statistics);
        VectorBackend.requireFloats("attention forward", q);
        VectorHeadForward heads = new VectorHeadForward(q.address(), k.address(), v.address(), out.address(),
                statistics.address(), Math.toIntExact(q.dim(1)), Math.toIntExact(k.dim(1)), Math.toIntExact(q.dim(2)),
                (float) scale);
        forEachHead(starts.address(), starts.elements() - 1, heads.groups(), q.elements(), heads::attend);
    }

    @Override
    public void backward(Tensor dout, Tensor q, Tensor k, Tensor v, Tensor out, Tensor statistics, Tensor starts,
            double scale, Tensor dq, Tensor dk, Tensor dv) {
        Arguments.attentionBackward(dout, q, k, v, out, statistics, starts, scale, dq, dk, dv);
        VectorBackend.requireFloats("attention backward", q);
        VectorHeadBackward heads = new VectorHeadBackward(dout.address(), q.address(), k.address(), v.address(),
                out.address(), statistics.address(), dq.address(), dk.address(), dv.address(),
                Math.toIntExact(q.dim(1)), Math.toIntExact(k.dim(1)), Math.toIntExact(q.dim(2)), (float) scale);
        forEachHead(starts.address(), starts.elements() - 1, heads.groups(), 3 * q.elements(), heads::attend);
    }

    /// One key head of one sequence.
    @FunctionalInterface
    private interface Head {
        void attend(long first, int tokens, int group, VectorScratch scratch);
    }

    private void forEachHead(long bounds, long sequences, int groups, long work, Head head) {
        long items = sequences * groups;
        int parts = (int) Math.clamp(Math.min(items, work / PART_WORK), 1, team.threads() * (long) PARTS_PER_THREAD);
        team.run(parts, (part, worker) -> {
            VectorScratch scratch = team.scratch(worker);
            for (long item = items * part / parts; item < items * (part + 1) / parts; item++) {
                int first = ALL.get(INT, bounds + item / groups * 4);
                int tokens = ALL.get(INT, bounds + item / groups * 4 + 4) - first;
                if (tokens > 0) {
                    head.attend(first, tokens, (int) (item % groups), scratch);
                }
            }
        });
    }

    @Override
    public void writePages(Tensor k, Tensor v, Tensor slots, Tensor keyPages, Tensor valuePages) {
        Arguments.attentionWritePages(k, v, slots, keyPages, valuePages);
        VectorBackend.requireFloats("attention writePages", k);
        long groups = k.dim(1);
        int size = Math.toIntExact(k.dim(2));
        long keys = k.address();
        long values = v.address();
        long places = slots.address();
        long toKeys = keyPages.address();
        long toValues = valuePages.address();
        team.forEach(k.dim(0), groups * size, WRITE_NUMBERS, (first, end, worker) -> {
            for (long n = first; n < end; n++) {
                int slot = ALL.get(INT, places + n * 4);
                long page = slot / Backend.LANES * groups;
                int lane = slot % Backend.LANES;
                for (long g = 0; g < groups; g++) {
                    long from = (n * groups + g) * size * 4;
                    transposeKey(keys + from, size, toKeys + (page + g) * size * LANE_BYTES + lane * 4L);
                    MemorySegment.copy(ALL, values + from, ALL,
                            toValues + ((page + g) * Backend.LANES + lane) * size * 4, size * 4L);
                }
            }
        });
    }

    /// Writes the E numbers of a key into one lane of a page.
    private static void transposeKey(long key, int size, long lane) {
        for (int e = 0; e < size; e++) {
            ALL.set(FLOAT, lane + e * LANE_BYTES, ALL.get(FLOAT, key + e * 4L));
        }
    }

    /// Transposes `tokens` rows of E numbers, `pitch` bytes apart, into pages [E, LANES]. What lies in lanes beyond the
    /// last token is finite where the last row is, and is not used.
    static void transpose(long rows, long pitch, int tokens, int size, long pages) {
        int whole = size - size % LENGTH;
        for (int j = 0; j < tokens; j += LENGTH) {
            long lane = pages + j / Backend.LANES * size * LANE_BYTES + j % Backend.LANES * 4L;
            int last = Math.min(LENGTH, tokens - j) - 1;
            for (int e = 0; e < whole; e += LENGTH) {
                VectorTranspose.block(rows + j * pitch + e * 4L, pitch, last, lane + e * LANE_BYTES, LANE_BYTES);
            }
            for (int r = 0; whole < size && r <= last; r++) {
                transposeKey(rows + (j + r) * pitch + whole * 4L, size - whole, lane + r * 4L + whole * LANE_BYTES);
            }
        }
    }

    /// Scores of `rows` rows, `down` bytes apart, against all keys of `padded` / 16 pages: overwrites s, rows `padded`
    /// floats apart.
    static void scores(int rows, long q, long down, int size, long pages, int padded, long s) {
        for (int j = 0; j < padded; j += Backend.LANES) {
            VectorProduct.sixteen(rows, q, down, 4, pages + (long) j * size * 4, LANE_BYTES, size, s + j * 4L,
                    padded * 4L);
        }
    }

    /// Turns a row of raw scores into weights e^(s · scale − m) for its first `count` keys and zeros.
    ///
    /// @param maximum receives m
    /// @return r, the inverse of the sum of weights
    static float weights(long s, float scale, int count, int padded, long maximum, long lanes) {
        float m = VectorExponential.scale(s, scale, count, padded);
        VectorExponential.ofDifferences(s, m, padded, s);
        ALL.set(FLOAT, maximum, m);
        // Sixteen weights are their own lanes: 0 + w = w, as no weight is −0.
        float sum = padded == Backend.LANES ? VectorLanes.fold(s, lanes) : VectorSums.ofElements(s, padded, lanes);
        return 1 / sum;
    }

    @Override
    public void forwardPaged(Tensor q, Tensor keyPages, Tensor valuePages, Tensor positions, Tensor sequences,
            Tensor pageTable, double scale, Tensor out) {
        Arguments.attentionForwardPaged(q, keyPages, valuePages, positions, sequences, pageTable, scale, out);
        VectorBackend.requireFloats("attention forwardPaged", q);
        VectorPagedHeads heads = new VectorPagedHeads(q.address(), keyPages.address(), valuePages.address(),
                out.address(), Math.toIntExact(q.dim(1)), Math.toIntExact(keyPages.dim(1)), Math.toIntExact(q.dim(2)),
                (float) scale);
        long places = positions.address();
        long tables = sequences.address();
        long table = pageTable.address();
        long width = pageTable.dim(1);
        long tokens = q.dim(0);
        long work = q.elements() * Math.min(width * Backend.LANES, 64);
        int parts = (int) Math.clamp(Math.min(tokens, work / PART_WORK), 1, team.threads() * (long) PARTS_PER_THREAD);
        team.run(parts, (part, worker) -> {
            for (long n = tokens * part / parts; n < tokens * (part + 1) / parts; n++) {
                long row = table + ALL.get(INT, tables + n * 4) * width * 4;
                heads.attend(n, ALL.get(INT, places + n * 4) + 1, row, team.scratch(worker));
            }
        });
    }
}
