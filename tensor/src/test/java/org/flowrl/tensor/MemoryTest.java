package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class MemoryTest {
    @Test
    void largeBlocksOfTheHostAreZeroedStartAtALargePageAndEndWithTheirMemory() {
        assumeTrue(LargePages.areThere(), "large pages are asked for on Linux alone");
        long bytes = 5 << 20;
        MemorySegment block;
        try (Memory memory = Memory.ofHost()) {
            block = memory.take(bytes);
            assertThat(block.address() % LargePages.BYTES).isZero();
            assertThat(block.byteSize()).isGreaterThanOrEqualTo(bytes);
            assertThat(block.mismatch(MemorySegment.ofArray(new byte[(int) block.byteSize()]))).isEqualTo(-1);
            block.fill((byte) 1);
        }
        assertThatThrownBy(() -> block.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

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

    /// 283,115,520 bytes, a feed-forward weight of a 32B model in BF16, waste 52 million in their class of sizes.
    @Test
    void blocksThatStayAreNotRoundedUpAndServeTheirSizeAlone() {
        try (Memory memory = Memory.planned(0)) {
            assertThat(Memory.sizeClass(283_115_520)).isEqualTo(335_544_320);
            MemorySegment exact = memory.takeExactly(283_115_520);
            assertThat(memory.bytesInUse()).isEqualTo(283_115_520);
            memory.giveBack(exact);
            MemorySegment other = memory.take(283_115_520);
            assertThat(other.byteSize()).isEqualTo(335_544_320);
            assertThat(memory.takeExactly(283_115_519).address()).isEqualTo(exact.address());
            assertThat(memory.systemAllocations()).isEqualTo(2);
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
    void aChildKeepsItsBlocksFromOthersUntilItIsClosed() {
        try (Memory memory = Memory.ofHost()) {
            long address;
            try (Memory child = memory.child()) {
                MemorySegment block = child.take(1000);
                address = block.address();
                child.giveBack(block);
                assertThat(child.bytesInUse()).isZero();
                assertThat(memory.bytesInUse()).isEqualTo(1024);
                assertThat(memory.take(1000).address()).isNotEqualTo(address);
                assertThat(child.take(1000).address()).isEqualTo(address);
                assertThat(memory.systemAllocations()).isEqualTo(2);
            }
            assertThat(memory.bytesInUse()).isEqualTo(1024);
            assertThat(memory.take(1000).address()).isEqualTo(address);
        }
    }

    /// The smallest block that is large enough, and a new one where there is none; the parent gives none but its size.
    @Test
    void aChildWithoutABlockOfASizeGivesALargerOne() {
        try (Memory memory = Memory.ofHost(); Memory child = memory.child()) {
            MemorySegment large = child.take(8192);
            MemorySegment middle = child.take(2048);
            child.giveBack(large);
            child.giveBack(middle);
            assertThat(child.take(1000).address()).isEqualTo(middle.address());
            assertThat(child.bytesInUse()).isEqualTo(2048);
            assertThat(child.take(1000).address()).isEqualTo(large.address());
            assertThat(child.systemAllocations()).isEqualTo(2);
            assertThat(child.take(1000).byteSize()).isEqualTo(1024);
            memory.giveBack(memory.take(8192));
            assertThat(memory.take(1000).byteSize()).isEqualTo(1024);
        }
    }

    @Test
    void tensorsOfAChildAreReadAndWrittenAsOthers() {
        try (Memory memory = Memory.ofHost(); Memory child = memory.child();
                Scope own = Scope.root("own", child); Scope other = Scope.root("other", memory)) {
            Tensor x = own.of(new float[] {1, 2, 3}, 3);
            Tensor y = other.zeros(DType.F32, 3);
            y.copyFrom(x);
            x.fillBytes((byte) 0);
            assertThat(y.toFloats()).containsExactly(1, 2, 3);
            assertThat(x.toFloats()).containsOnly(0);
        }
    }

    /// A device that offers nothing but copies to and from the host, here over the heap.
    private static final class CopyingSource implements Memory.Source {
        @Override
        public Device device() {
            return new Device("cuda", 0);
        }

        @Override
        public MemorySegment allocate(long bytes) {
            return MemorySegment.ofArray(new byte[(int) bytes]);
        }

        @Override
        public void copyIn(MemorySegment host, MemorySegment block) {
            block.copyFrom(host);
        }

        @Override
        public void copyOut(MemorySegment block, MemorySegment host) {
            host.copyFrom(block);
        }

        @Override
        public void close() {
            // The garbage collector frees the arrays.
        }
    }

    /// Three rows of 1.2 MB go through the host in parts of 1 MiB.
    @Test
    void copiesAndFillsWithinADeviceGoThroughTheHostWhereItHasNoBetterWay() {
        int columns = 300_000;
        try (Memory memory = new Memory(new CopyingSource()); Scope scope = Scope.root("card", memory)) {
            float[] row = new float[columns];
            for (int i = 0; i < columns; i++) {
                row[i] = i;
            }
            Tensor rows = scope.zeros(DType.F32, 3, columns);
            Tensor source = scope.of(row, 1, columns);
            rows.copyRows(1, source, 0, 1);
            assertThat(rows.slice(1, 1).toFloats()).isEqualTo(row);
            assertThat(rows.slice(0, 1).copy(scope).toFloats()).isEqualTo(new float[columns]);
            assertThat(rows.slice(2, 1).toFloats()).isEqualTo(new float[columns]);
            assertThat(source.copy(scope).toFloats()).isEqualTo(row);
            rows.fillBytes((byte) 0);
            assertThat(rows.sum()).isZero();
        }
    }

    @Test
    void largeBlocksWasteAtMostSixtyFourMebibytes() {
        assertThat(Memory.sizeClass(30_467_000_000L) - 30_467_000_000L).isLessThan(64L << 20);
    }

    @Test
    void closedMemoryIsGone() {
        Memory memory = Memory.ofHost();
        MemorySegment block = memory.take(8);
        memory.close();
        assertThatThrownBy(() -> block.fill((byte) 0)).isInstanceOf(IllegalStateException.class);
    }
}
