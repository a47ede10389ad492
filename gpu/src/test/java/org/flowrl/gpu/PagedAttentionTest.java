package org.flowrl.gpu;

import java.util.Arrays;
import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.flowrl.tensor.contract.Numbers;
import org.flowrl.tensor.cpu.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Attention over caches of several parts (256 keys each), on the emulated card or a real one.
class PagedAttentionTest {
    /// As {@link org.flowrl.tensor.contract.BackendContract} has it: sums of hundreds of products in another order.
    private static final double TOLERANCE = 5e-5;
    private static final double SCALE = 0.2;
    /// On both sides of the ends of parts, of tiles of 32 keys and of pages of 16.
    private static final int[] POSITIONS = {699, 0, 254, 255, 256, 287, 288, 511, 512, 15};

    private final ReferenceBackend reference = new ReferenceBackend();
    private CudaBackend card;

    @BeforeEach
    void openTheCard() {
        CudaContract.useCard();
        card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
    }

    @AfterEach
    void close() {
        card.close();
        reference.close();
    }

    /// A cache that all sequences share, each through a row of the table with an order of pages of its own.
    ///
    /// @param q [N, H, E], one row of each sequence
    /// @param table [N, width]
    private record Cache(Tensor q, Tensor keys, Tensor values, Tensor positions, Tensor sequences, Tensor table) {
        static Cache of(Inputs in, int heads, int groups, int size, int width, int... positions) {
            int pages = Arrays.stream(positions).max().orElseThrow() / Backend.LANES + 1;
            int[] table = new int[positions.length * width];
            for (int row = 0; row < positions.length; row++) {
                System.arraycopy(in.permutation(pages), 0, table, row * width, pages);
            }
            int[] sequences = new int[positions.length];
            Arrays.setAll(sequences, i -> i);
            return new Cache(in.values(positions.length, heads, size), in.values(pages, groups, size, Backend.LANES),
                    in.values(pages, groups, Backend.LANES, size), in.integers(positions), in.integers(sequences),
                    in.integers(table).reshape(positions.length, width));
        }

        /// The attention of `count` rows from `first` on.
        Tensor attend(Backend backend, Inputs in, long first, long count) {
            Tensor out = in.junk(count, q.dim(1), q.dim(2));
            backend.attention().forwardPaged(q.slice(first, count), keys, values, positions.slice(first, count),
                    sequences.slice(first, count), table, SCALE, out);
            return out;
        }
    }

    private static Inputs inputs(Scope scope) {
        return new Inputs(scope, DType.F32, Inputs.Range.NORMAL, 1);
    }

    private static Tensor attend(Backend backend, Scope scope, int heads, int groups, int size, int width,
            int... positions) {
        Inputs in = inputs(scope);
        return Cache.of(in, heads, groups, size, width, positions).attend(backend, in, 0, positions.length);
    }

    private void assertAgreement(int heads, int groups, int size, int width, int... positions) {
        try (Scope onCard = Scope.root("card", card.memory()); Scope onHost = Scope.root("host", reference.memory())) {
            Numbers.assertClose("H " + heads + " G " + groups + " E " + size,
                    List.of(attend(reference, onHost, heads, groups, size, width, positions)),
                    List.of(attend(card, onCard, heads, groups, size, width, positions)), TOLERANCE);
        }
    }

    /// Fewer query heads of a key head than a block has, as many, one more, and the longest heads.
    @ParameterizedTest
    @CsvSource({"14, 2, 64", "8, 1, 33", "9, 1, 16", "2, 2, 256"})
    void longCachesAreReadAsTheReferenceReadsThem(int heads, int groups, int size) {
        assertAgreement(heads, groups, size, 44, POSITIONS);
    }

    /// 8 heads of 256 elements make 258 · 4 · 8 bytes of sums for each of 256 parts of a table of 4,096 pages: 31
    /// tokens in 64 MiB.
    @Test
    void tokensWhoseSumsDoNotFitTogetherAreReadInTurn() {
        int[] positions = new int[33];
        Arrays.setAll(positions, i -> 9 * i);
        assertAgreement(8, 1, 256, 4096, positions);
    }

    @Test
    void aRowHasTheSameBitsAloneAndBesideOthers() {
        try (Scope scope = Scope.root("card", card.memory())) {
            Inputs in = inputs(scope);
            Cache cache = Cache.of(in, 6, 2, 64, 44, POSITIONS);
            Tensor together = cache.attend(card, in, 0, POSITIONS.length);
            for (int row = 0; row < POSITIONS.length; row++) {
                Numbers.assertSameBits("position " + POSITIONS[row], together.slice(row, 1),
                        cache.attend(card, in, row, 1));
            }
        }
    }

    @Test
    void aRowHasTheSameBitsUnderAWiderTable() {
        try (Scope scope = Scope.root("card", card.memory())) {
            Numbers.assertSameBits("44 pages and 200", attend(card, scope, 6, 2, 64, 44, POSITIONS),
                    attend(card, scope, 6, 2, 64, 200, POSITIONS));
        }
    }
}
