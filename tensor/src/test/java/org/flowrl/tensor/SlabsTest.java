package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlabsTest {
    private static final long PIECE = 1 << 20;

    private final List<Long> pieces = new ArrayList<>();

    /// Pieces begin a mebibyte apart.
    private long piece(long bytes) {
        pieces.add(bytes);
        return pieces.size() * PIECE;
    }

    /// 1,000 and 200 bytes take 1,024 and 256 of a slab of 4,096.
    @Test
    void smallBlocksLieBesideEachOther() {
        Slabs slabs = new Slabs(4096, this::piece);
        assertThat(slabs.cut(1000)).isEqualTo(PIECE);
        assertThat(slabs.cut(200)).isEqualTo(PIECE + 1024);
        assertThat(slabs.cut(1)).isEqualTo(PIECE + 1280);
        assertThat(pieces).containsExactly(4096L);
        assertThat(slabs.bytes()).isEqualTo(4096);
    }

    @Test
    void moreThanHalfASlabIsAPieceOfItsOwn() {
        Slabs slabs = new Slabs(4096, this::piece);
        slabs.cut(2049);
        slabs.cut(2048);
        assertThat(pieces).containsExactly(2304L, 4096L);
    }

    /// 2,048 and 1,536 bytes leave 512 of the first slab, which the last block takes.
    @Test
    void whatIsLeftOfASlabServesASmallerBlock() {
        Slabs slabs = new Slabs(4096, this::piece);
        slabs.cut(2048);
        slabs.cut(1536);
        assertThat(slabs.cut(1024)).isEqualTo(2 * PIECE);
        assertThat(slabs.cut(512)).isEqualTo(PIECE + 3584);
        assertThat(pieces).hasSize(2);
    }

    @Test
    void withoutSlabsEveryBlockIsAPiece() {
        Slabs slabs = new Slabs(0, this::piece);
        slabs.cut(0);
        slabs.cut(300);
        assertThat(pieces).containsExactly(256L, 512L);
        assertThat(slabs.bytes()).isEqualTo(768);
    }
}
