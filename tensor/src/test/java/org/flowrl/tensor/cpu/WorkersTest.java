package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
    /// Longer than a busy machine keeps a thread waiting; nothing that works comes near it.
    private static final long PATIENCE_SECONDS = 300;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void everyPartRunsOnce(int threads) {
        try (Workers workers = new Workers(threads)) {
            for (int count : new int[] {0, 1, 2, 7, 1000}) {
                for (int repetition = 0; repetition < 200; repetition++) {
                    AtomicIntegerArray runs = new AtomicIntegerArray(count);
                    workers.run(count, (part, worker) -> {
                        assertThat(worker).isBetween(0, threads - 1);
                        runs.getAndIncrement(part);
                    });
                    for (int i = 0; i < count; i++) {
                        assertThat(runs.get(i)).isEqualTo(1);
                    }
                }
            }
        }
    }

    @Test
    void partsRunAtTheSameTime() {
        try (Workers workers = new Workers(3)) {
            CyclicBarrier all = new CyclicBarrier(3);
            workers.run(3, (part, worker) -> {
                await(all);
            });
            assertThat(all.isBroken()).isFalse();
        }
    }

    @Test
    void eachWorkerBeginsWithItsOwnShare() {
        try (Workers workers = new Workers(3)) {
            AtomicIntegerArray ranOn = new AtomicIntegerArray(6);
            CyclicBarrier all = new CyclicBarrier(3);
            workers.run(6, (part, worker) -> {
                ranOn.set(part, worker);
                if (part % 2 == 0) {
                    await(all);
                }
            });
            assertThat(new int[] {ranOn.get(0), ranOn.get(2), ranOn.get(4)}).containsExactly(0, 1, 2);
        }
    }

    /// Part 2 begins the second worker's share and ends when all others have: part 3, of the same share, is another's.
    @Test
    void partsOfABusyWorkerAreTakenByOthers() {
        try (Workers workers = new Workers(2)) {
            CountDownLatch others = new CountDownLatch(3);
            workers.run(4, (part, worker) -> {
                if (part == 2) {
                    await(others);
                } else {
                    others.countDown();
                }
            });
            assertThat(others.getCount()).isZero();
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("the parts did not meet", e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nobody took the other parts");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatAPartWroteIsVisibleAfterTheRun() {
        try (Workers workers = new Workers(2)) {
            int[] numbers = new int[64];
            for (int round = 1; round <= 5000; round++) {
                int value = round;
                workers.run(numbers.length, (part, worker) -> numbers[part] = value);
                assertThat(numbers).containsOnly(value);
            }
        }
    }

    @Test
    void aParkedHelperWakes() {
        try (Workers workers = new Workers(2)) {
            Thread helper = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("flowrl-worker-1")).findFirst().orElseThrow();
            for (int i = 0; i < 5; i++) {
                while (helper.getState() != Thread.State.WAITING) {
                    Thread.onSpinWait();
                }
                AtomicInteger helped = new AtomicInteger();
                CyclicBarrier both = new CyclicBarrier(2);
                workers.run(2, (part, worker) -> {
                    try {
                        both.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                    } catch (Exception e) {
                        throw new IllegalStateException("the helper did not come", e);
                    }
                    helped.addAndGet(worker);
                });
                assertThat(helped.get()).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void anExceptionOfAPartReachesTheCallerAndTheTeamGoesOn(int threads) {
        try (Workers workers = new Workers(threads)) {
            for (int failing = 0; failing < 8; failing++) {
                int bad = failing;
                assertThatThrownBy(() -> workers.run(8, (part, worker) -> {
                    if (part == bad) {
                        throw new ArithmeticException("part " + part);
                    }
                })).isInstanceOf(ArithmeticException.class).hasMessage("part " + bad);
                AtomicInteger runs = new AtomicInteger();
                workers.run(8, (part, worker) -> runs.getAndIncrement());
                assertThat(runs.get()).isEqualTo(8);
            }
        }
    }

    @Test
    void aClosedTeamRefusesToRunAndHasNoThreads() {
        Workers workers = new Workers(2);
        workers.close();
        assertThatThrownBy(() -> workers.run(2, (part, worker) -> { })).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aTeamHasAtLeastOneThread() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Workers(0)).withMessageContaining("0 threads");
    }
}
