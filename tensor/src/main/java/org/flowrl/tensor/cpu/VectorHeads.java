package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorHeadRows.FOLD_BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.INT;
import static org.flowrl.tensor.cpu.VectorProduct.COLUMNS;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;

/// The language-model head. N rows, D hidden, V words; z are logits. A part is some rows by one chunk of the
/// vocabulary, so that a single row over a large vocabulary keeps all threads busy too; the folds of a row's chunks
/// are merged in order afterwards.
final class VectorHeads implements HeadKernels {
    /// Logits of one part, in floats, and the bounds of its rows.
    static final long PART_LOGITS = 1 << 17;
    static final long LEAST_ROWS = 32;
    static final long MOST_ROWS = 256;
    /// Logits that the sampler and the backward pass hold at once, in floats.
    static final long HELD_LOGITS = 1 << 22;
    /// Rows whose draws or merges make a part.
    private static final long PART_ROWS = 128;

    private final VectorTeam team;
    private final VectorMatmul matmul;

    VectorHeads(VectorTeam team, VectorMatmul matmul) {
        this.team = team;
        this.matmul = matmul;
    }

    /// The logits of rows under a temperature.
    ///
    /// @param hidden [N, size]
    private record Logits(VectorPanels weight, long hidden, long size, float temperature) {
        static Logits of(String operation, Tensor hidden, PackedMatrix weight, double temperature) {
            VectorBackend.requireFloats(operation, hidden);
            return new Logits(VectorPanels.of(operation, weight), hidden.address(), hidden.dim(1), (float) temperature);
        }

        int words() {
            return Math.toIntExact(weight.rows());
        }

        int chunks() {
            return (words() + VOCABULARY_CHUNK - 1) / VOCABULARY_CHUNK;
        }

        int wordsOf(int chunk) {
            return Math.min(VOCABULARY_CHUNK, words() - chunk * VOCABULARY_CHUNK);
        }

        /// Overwrites z with one chunk's logits of `rows` rows from `row` on; rows of z are `pitch` bytes apart.
        void make(long row, int rows, int chunk, long z, long pitch, VectorScratch scratch) {
            long panel = chunk * (long) VOCABULARY_CHUNK / COLUMNS;
            VectorProduct.forward(weight, hidden + row * size * 4, rows, panel,
                    panel + VectorPanels.count(wordsOf(chunk)), 0, z, pitch, scratch);
            for (int r = 0; temperature != 1 && r < rows; r++) {
                VectorHeadRows.divide(z + r * pitch, temperature, wordsOf(chunk));
            }
        }
    }

    /// Rows in nearly equal parts, for each chunk.
    private record Grid(long rows, long rowParts, int chunks) {
        static Grid of(Logits logits, long rows) {
            int width = Math.clamp(logits.words(), 1, VOCABULARY_CHUNK);
            long most = Math.clamp(PART_LOGITS / width, LEAST_ROWS, MOST_ROWS);
            return new Grid(rows, (rows + most - 1) / most, logits.chunks());
        }

        int count() {
            return Math.toIntExact(rowParts * chunks);
        }

        long row(int part) {
            return rows * (part % rowParts) / rowParts;
        }

        int rowCount(int part) {
            return (int) (rows * (part % rowParts + 1) / rowParts - row(part));
        }

        int chunk(int part) {
            return (int) (part / rowParts);
        }
    }

    @Override
    public void logProbs(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature, Tensor logProb,
            Tensor entropy, Tensor lse) {
        Arguments.headsLogProbs(hidden, weight, targets, temperature, logProb, entropy, lse);
        Logits logits = Logits.of("logProbs", hidden, weight, temperature);
        long rows = hidden.dim(0);
        Grid grid = Grid.of(logits, rows);
        long folds = team.shared().buffer(rows * (grid.chunks * FOLD_BYTES + 4));
        long targetLogits = folds + rows * grid.chunks * FOLD_BYTES;
        long words = targets.address();
        team.run(grid.count(), (part, worker) -> {
            VectorScratch scratch = team.scratch(worker);
            int count = grid.rowCount(part);
            int chunk = grid.chunk(part);
            long pitch = logits.wordsOf(chunk) * 4L;
            long weights = scratch.buffer((count + 1) * pitch);
            long z = weights + pitch;
            logits.make(grid.row(part), count, chunk, z, pitch, scratch);
            for (long n = grid.row(part); n < grid.row(part) + count; n++, z += pitch) {
                VectorHeadRows.fold(z, logits.wordsOf(chunk), folds + (n * grid.chunks + chunk) * FOLD_BYTES, weights,
                        scratch.lanes);
                int target = ALL.get(INT, words + n * 4) - chunk * VOCABULARY_CHUNK;
                if (0 <= target && target < VOCABULARY_CHUNK) {
                    ALL.set(FLOAT, targetLogits + n * 4, ALL.get(FLOAT, z + target * 4L));
                }
            }
        });
        finish(rows, grid.chunks, folds, targetLogits, logProb.address(), entropy.address(), lse.address());
    }

    private void finish(long rows, int chunks, long folds, long targetLogits, long logProb, long entropy, long lse) {
        team.forEach(rows, PART_ROWS, (first, end, worker) -> {
            for (long n = first; n < end; n++) {
                long fold = folds + n * chunks * FOLD_BYTES;
                VectorHeadRows.merge(fold, chunks);
                float logSum = VectorHeadRows.logSum(fold);
                float sum = ALL.get(FLOAT, fold) + logSum;
                ALL.set(FLOAT, logProb + n * 4, ALL.get(FLOAT, targetLogits + n * 4) - sum);
                ALL.set(FLOAT, entropy + n * 4, logSum - ALL.get(FLOAT, fold + 8) / ALL.get(FLOAT, fold + 4));
                ALL.set(FLOAT, lse + n * 4, sum);
            }
        });
    }

    @Override
    public void logProbsBackward(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature,
            Tensor entropy, Tensor lse, Tensor dLogProb, Tensor dEntropy, Tensor dhidden, Tensor dweight) {
        Arguments.headsLogProbsBackward(hidden, weight, targets, temperature, entropy, lse, dLogProb, dEntropy,
                dhidden, dweight);
        Logits logits = Logits.of("logProbsBackward", hidden, weight, temperature);
        RowGradients gradients = new RowGradients(targets.address(), entropy.address(), lse.address(),
                dLogProb.address(), dEntropy == null ? 0 : dEntropy.address());
        long rows = hidden.dim(0);
        int size = Math.toIntExact(hidden.dim(1));
        if (logits.chunks() == 0) {
            dhidden.fillBytes((byte) 0);
        }
        for (int chunk = 0; chunk < logits.chunks(); chunk++) {
            int words = logits.wordsOf(chunk);
            // Whole blocks of tokens, so that the chains of dweight are cut where the contract cuts them.
            long held = Math.max(1, HELD_LOGITS / words / Backend.BLOCK) * Backend.BLOCK;
            for (long row = 0; row < rows; row += held) {
                int count = (int) Math.min(held, rows - row);
                long dz = team.shared().buffer(count * (long) words * 4);
                logitGradients(logits, gradients, row, count, chunk, dz);
                matmul.inputGradient(logits.weight, chunk * (long) VOCABULARY_CHUNK, words, dz, count,
                        dhidden.address() + row * size * 4, chunk > 0);
                if (dweight != null) {
                    matmul.weightGradient(dz, words * 4L, logits.hidden + row * size * 4, count, size, words,
                            dweight.address() + chunk * (long) VOCABULARY_CHUNK * size * 4);
                }
            }
        }
    }

    /// The addresses of what the gradient of a row's logits depends on, [N] each; dEntropy may be 0.
    private record RowGradients(long targets, long entropy, long lse, long dLogProb, long dEntropy) {
        void apply(long n, int chunk, int words, float temperature, long z) {
            VectorHeadRows.gradient(z, words, ALL.get(INT, targets + n * 4) - chunk * VOCABULARY_CHUNK,
                    ALL.get(FLOAT, lse + n * 4), ALL.get(FLOAT, entropy + n * 4), ALL.get(FLOAT, dLogProb + n * 4),
                    dEntropy != 0, dEntropy == 0 ? 0 : ALL.get(FLOAT, dEntropy + n * 4), temperature);
        }
    }

    /// Overwrites dz [count, words] with the gradients towards one chunk's logits.
    private void logitGradients(Logits logits, RowGradients gradients, long first, int count, int chunk, long dz) {
        int words = logits.wordsOf(chunk);
        long pitch = words * 4L;
        Grid grid = Grid.of(logits, count);
        team.run((int) grid.rowParts, (part, worker) -> {
            long row = grid.row(part);
            logits.make(first + row, grid.rowCount(part), chunk, dz + row * pitch, pitch, team.scratch(worker));
            for (long n = row; n < row + grid.rowCount(part); n++) {
                gradients.apply(first + n, chunk, words, logits.temperature, dz + n * pitch);
            }
        });
    }

    @Override
    public void sample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb) {
        Arguments.headsSample(hidden, weight, law, uniforms, tokens, logProb);
        boolean greedy = law.temperature() == 0;
        Logits logits = Logits.of("sample", hidden, weight, greedy ? 1 : law.temperature());
        VectorSampler sampler = new VectorSampler(law, logits.words(), uniforms.address(), tokens.address(),
                logProb.address());
        long rows = hidden.dim(0);
        long held = Math.max(1, HELD_LOGITS / logits.words());
        for (long row = 0; row < rows; row += held) {
            sampleRows(logits, sampler, row, Math.min(held, rows - row));
        }
    }

    private void sampleRows(Logits logits, VectorSampler sampler, long first, long rows) {
        Grid grid = Grid.of(logits, rows);
        long pitch = logits.words() * 4L;
        long zs = team.shared().buffer(rows * (pitch + grid.chunks * FOLD_BYTES));
        long folds = zs + rows * pitch;
        team.run(grid.count(), (part, worker) -> {
            VectorScratch scratch = team.scratch(worker);
            int chunk = grid.chunk(part);
            long weights = scratch.buffer(logits.wordsOf(chunk) * 4L);
            long row = grid.row(part);
            long z = zs + row * pitch + chunk * (long) VOCABULARY_CHUNK * 4;
            logits.make(first + row, grid.rowCount(part), chunk, z, pitch, scratch);
            for (long n = row; n < row + grid.rowCount(part); n++, z += pitch) {
                VectorHeadRows.fold(z, logits.wordsOf(chunk), folds + (n * grid.chunks + chunk) * FOLD_BYTES, weights,
                        scratch.lanes);
            }
        });
        team.forEach(rows, grid.chunks > 1 ? 1 : PART_ROWS, (from, end, worker) -> {
            VectorScratch scratch = team.scratch(worker);
            long weights = scratch.buffer(pitch);
            for (long n = from; n < end; n++) {
                long fold = folds + n * grid.chunks * FOLD_BYTES;
                VectorHeadRows.merge(fold, grid.chunks);
                sampler.draw(first + n, zs + n * pitch, fold, weights, scratch);
            }
        });
    }
}
