package org.flowrl.rl;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.RandomKey;

/// An endless sequence that goes through all items in a new random order again and again; each place is a function of
/// the key alone.
///
/// @param items at least one
public record Epochs<T>(List<T> items) {
    public Epochs {
        items = List.copyOf(items);
        if (items.isEmpty()) {
            throw new IllegalArgumentException("epochs: there must be at least one item");
        }
    }

    /// Places `start` … `start + count − 1` of the sequence.
    public List<T> draw(RandomKey key, long start, int count) {
        int size = items.size();
        List<T> drawn = new ArrayList<>(count);
        int[] order = {};
        for (long place = start; place < start + count; place++) {
            int within = (int) (place % size);
            if (within == 0 || order.length == 0) {
                order = key.fold(place / size).permutation(size);
            }
            drawn.add(items.get(order[within]));
        }
        return drawn;
    }
}
