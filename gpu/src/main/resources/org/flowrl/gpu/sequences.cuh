// Packed sequences: sequence b holds tokens starts[b] ... starts[b + 1] - 1.
#pragma once
#include "device.cuh"

// The last sequence b with starts[b] <= n.
DEVICE Index lastStarted(const int* starts, Index sequences, Index n) {
    Index low = 0;
    Index high = sequences;
    while (high - low > 1) {
        Index middle = (low + high) / 2;
        if (starts[middle] <= n) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// Where the sequence of token n starts, and where it ends.
DEVICE Index sequenceStart(const int* starts, Index sequences, Index tokens, Index n) {
    return startOf(starts, lastStarted(starts, sequences, n), tokens);
}

DEVICE Index sequenceEnd(const int* starts, Index sequences, Index tokens, Index n) {
    Index next = lastStarted(starts, sequences, n) + 1;
    return startOf(starts, next < sequences ? next : sequences, tokens);
}
