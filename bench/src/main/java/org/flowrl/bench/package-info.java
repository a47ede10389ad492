/// JMH benchmarks, a kernel and its peer in the same run:
/// `java --add-modules jdk.incubator.vector -jar bench/target/benchmarks.jar`.
package org.flowrl.bench;
