// All kernels, as they stand in the product, and the planted ones, as host code.
#pragma once
#define FLOWRL_EMULATED
#include "emulator.h"
#include "elementwise.cu"
#include "optimizer.cu"
#include "rows.cu"
#include "heads.cu"
#undef LANE
#include "attention.cu"
#undef ROWS
#include "paged.cu"
#undef ROWS
#include "flash.cu"
#include "flashgradient.cu"
#include "flashpaged.cu"
#include "planted.cu"
#include "tensorcore_test.cu"
