/// Measures FlowRL beside its peers, in the same run and on the same numbers: `java -jar bench/target/benchmarks.jar`.
///
/// Start at {@link org.flowrl.bench.Compare}, the command line; {@link org.flowrl.bench.kernel.KernelBenchmark} is what
/// JMH times for one kernel. Plain JMH: `java -cp bench/target/benchmarks.jar org.openjdk.jmh.Main`.
package org.flowrl.bench;
