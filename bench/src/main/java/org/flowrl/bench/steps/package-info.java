/// Whole steps, ours beside those of libtorch and llama.cpp on the same weights and tokens: training steps, decoding,
/// prefill, and a step of reinforcement learning. Read {@link org.flowrl.bench.steps.StepsCommand} first, then
/// {@link org.flowrl.bench.steps.Workload}, which says what is computed, and {@link org.flowrl.bench.steps.StepEngine},
/// which is what a peer provides.
package org.flowrl.bench.steps;
