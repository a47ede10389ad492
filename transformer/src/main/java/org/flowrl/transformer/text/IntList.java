package org.flowrl.transformer.text;

import java.util.Arrays;

/// A growing list of ids, without boxing.
final class IntList {
    private int[] values;
    private int size;

    IntList(int capacity) {
        values = new int[capacity];
    }

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = value;
    }

    void addAll(int[] added) {
        if (size + added.length > values.length) {
            values = Arrays.copyOf(values, Math.max(size * 2, size + added.length));
        }
        System.arraycopy(added, 0, values, size, added.length);
        size += added.length;
    }

    void clear() {
        size = 0;
    }

    /// How many values the list can hold before it grows.
    int capacity() {
        return values.length;
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
