package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class MemoryTest {
    @Test
    void sizeClassesHoldTheRequestAndWasteAtMostAQuarter() {
        for (long bytes : new long[] {0, 1, 256, 257, 300, 320, 321, 512, 513, 1000, 4096, 4097, 1_000_003, 1L << 33}) {
            long size = Memory.sizeClass(bytes);
            assertThat(size).as("class of %d", bytes).isGreaterThanOrEqualTo(bytes).isGreaterThanOrEqualTo(256);
            assertThat(size % 64).as("class of %d", bytes).isZero();
            assertThat(Memory.sizeClass(size)).as("class of %d", size).isEqualTo(size);
            if (bytes > 256) {
                assertThat((double) size).as("class of %d", bytes).isLessThan(bytes * 1.25 + 64);
            }
        }
    }

    @Test
    void blocksAreAlignedToCacheLines() {
        try (Memory memory = Memory.ofHost()) {
            for (long bytes : new long[] {1, 300, 5000}) {
                assertThat(memory.take(bytes).address() % 64).isZero();
            }
        }
    }

    @Test
    void blocksGivenBackAreTakenAgain() {
        try (Memory memory = Memory.ofHost()) {
            MemorySegment first = memory.take(1000);
            memory.giveBack(first);
            assertThat(memory.take(1001).address()).isEqualTo(first.address());
            assertThat(memory.systemAllocations()).isEqualTo(1);
        }
    }

    @Test
    void bytesAreCounted() {
        try (Memory memory = Memory.ofHost()) {
            MemorySegment a = memory.take(256);
            MemorySegment b = memory.take(512);
            assertThat(memory.bytesInUse()).isEqualTo(768);
            memory.giveBack(a);
            assertThat(memory.bytesInUse()).isEqualTo(512);
            assertThat(memory.bytesReserved()).isEqualTo(768);
            assertThat(memory.highWaterBytes()).isEqualTo(768);
            memory.resetHighWater();
            assertThat(memory.highWaterBytes()).isEqualTo(512);
            memory.giveBack(b);
            assertThat(memory.bytesInUse()).isZero();
            assertThat(memory.highWaterBytes()).isEqualTo(512);
        }
    }

    @Test
    void closedMemoryIsGone() {
        Memory memory = Memory.ofHost();
        MemorySegment block = memory.take(8);
        memory.close();
        assertThatThrownBy(() -> block.fill((byte) 0)).isInstanceOf(IllegalStateException.class);
    }
}
