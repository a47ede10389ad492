// Logits of a row, in parts of PART_WORDS words: a block for each part, so that few rows keep a card busy.
#pragma once
#include "wide.cuh"

#define WORDS_OF_THREAD 16
#define PART_WORDS (WORDS_OF_THREAD * BLOCK_THREADS)

DEVICE float logit(const float* z, Index v, float temperature) {
    return temperature == 1.0f ? z[v] : z[v] / temperature;
}

// The words that this thread has of the part from `start` on, `none` for those beyond the last: four beside each other
// at a time, or where rows do not begin at multiples of 16 bytes one. A block of fewer than BLOCK_THREADS threads has a
// row of one part.
DEVICE void readPart(const float* z, Index words, Index start, float temperature, float none,
        float (&x)[WORDS_OF_THREAD]) {
    if (words % 4 == 0) {
#pragma unroll
        for (int i = 0; i < WORDS_OF_THREAD; i += 4) {
            Index v = start + i * blockDim.x + 4 * threadIdx.x;
            Four four = {{none, none, none, none}};
            if (v < words) {
                four = *(const Four*)(z + v);
                for (int j = 0; j < 4; j++) {
                    four.at[j] = logit(four.at, j, temperature);
                }
            }
            for (int j = 0; j < 4; j++) {
                x[i + j] = four.at[j];
            }
        }
    } else {
#pragma unroll
        for (int i = 0; i < WORDS_OF_THREAD; i++) {
            Index v = start + i * blockDim.x + threadIdx.x;
            x[i] = v < words ? logit(z, v, temperature) : none;
        }
    }
}
