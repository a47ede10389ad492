package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PieceCacheTest {
    /// "Aa" and "BB" have one hash: 31 · 65 + 97 = 31 · 66 + 66.
    @Test
    void aPieceIsNotTakenForAnotherWithItsHash() {
        assertThat("Aa".hashCode()).isEqualTo("BB".hashCode());
        PieceCache cache = new PieceCache();
        int[] ids = {1, 2};
        cache.put("xAax", 1, 3, ids);
        assertThat(cache.find("Aa", 0, 2)).isSameAs(ids);
        assertThat(cache.find("BB", 0, 2)).isNull();
        cache.put("BB", 0, 2, new int[] {3});
        assertThat(cache.find("BB", 0, 2)).containsExactly(3);
        assertThat(cache.find("Aa", 0, 2)).isNull();
    }

    @Test
    void longPiecesAreNotKept() {
        PieceCache cache = new PieceCache();
        String longest = "a".repeat(48);
        cache.put(longest + "a", 0, 49, new int[] {1});
        cache.put(longest, 0, 48, new int[] {2});
        assertThat(cache.find(longest + "a", 0, 49)).isNull();
        assertThat(cache.find(longest, 0, 48)).containsExactly(2);
    }
}
