package org.flowrl.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InOrderTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void resultsAreHeardInTheOrderOfTheWork(int threads) {
        List<Integer> heard = new ArrayList<>();
        try (InOrder<Integer> work = new InOrder<>(threads, heard::add)) {
            IntStream.range(0, 100).forEach(i -> work.add(() -> i * i));
        }
        assertThat(heard).isEqualTo(IntStream.range(0, 100).mapToObj(i -> i * i).toList());
    }

    @Test
    void asManyPiecesAreDoneAtATimeAsThereAreThreads() {
        List<Integer> heard = new ArrayList<>();
        CountDownLatch both = new CountDownLatch(2);
        try (InOrder<Integer> work = new InOrder<>(2, heard::add)) {
            for (int i = 0; i < 2; i++) {
                int number = i;
                work.add(() -> {
                    both.countDown();
                    await(both);
                    return number;
                });
            }
        }
        assertThat(heard).containsExactly(0, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void whatWorkThrowsIsThrownAfterTheResultsBeforeIt(int threads) {
        List<Integer> heard = new ArrayList<>();
        assertThatIllegalStateException().isThrownBy(() -> {
            try (InOrder<Integer> work = new InOrder<>(threads, heard::add)) {
                for (int i = 0; i < 6; i++) {
                    int number = i;
                    work.add(() -> {
                        if (number == 4) {
                            throw new IllegalStateException("four");
                        }
                        return number;
                    });
                }
            }
        }).withMessage("four");
        assertThat(heard).containsExactly(0, 1, 2, 3);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
