package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.api.Test;

class EpochsTest {
    private static final RandomKey KEY = RandomKey.of(1);

    private final List<Integer> items = IntStream.range(0, 10).boxed().toList();
    private final Epochs<Integer> epochs = new Epochs<>(items);

    @Test
    void everyPassHasAllItemsInAnOrderOfItsOwn() {
        List<List<Integer>> passes = IntStream.range(0, 3).mapToObj(pass -> epochs.draw(KEY, 10 * pass, 10)).toList();
        assertThat(passes).hasSize(3).doesNotHaveDuplicates().allSatisfy(pass ->
                assertThat(pass).containsExactlyInAnyOrderElementsOf(items));
        assertThat(epochs.draw(RandomKey.of(2), 0, 10)).isNotEqualTo(passes.getFirst());
    }

    @Test
    void aPlaceHasItsItemWhereverADrawBegins() {
        List<Integer> all = epochs.draw(KEY, 0, 30);
        assertThat(epochs.draw(KEY, 7, 15)).isEqualTo(all.subList(7, 22));
    }
}
