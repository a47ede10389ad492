// Sums that norms of wide rows and their gradients are made of, a block for each row: this thread's part of each.
#pragma once
#include "wide.cuh"

// Of x · x.
DEVICE float squares(const Four* x, Index fours) {
    float sum = 0.0f;
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four four = x[i];
        for (int j = 0; j < 4; j++) {
            sum = fmaf(four.at[j], four.at[j], sum);
        }
    }
    return sum;
}

// Of dy · weight · x.
DEVICE float weightedProducts(const Four* dy, const Four* weight, const Four* x, Index fours) {
    float sum = 0.0f;
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four g = dy[i];
        Four four = x[i];
        Four w = weight[i];
        for (int j = 0; j < 4; j++) {
            sum = fmaf(g.at[j] * w.at[j], four.at[j], sum);
        }
    }
    return sum;
}
