/// Kernels beside their peers. Read {@link org.flowrl.bench.kernel.KernelCase} (what is computed),
/// {@link org.flowrl.bench.kernel.Engine} (who computes), {@link org.flowrl.bench.kernel.KernelBenchmark} (how it is
/// timed) and {@link org.flowrl.bench.kernel.KernelsCommand} (which cases, and the report).
package org.flowrl.bench.kernel;
