/// The libraries that FlowRL's kernels are measured beside, through bytedeco's bindings; compiled only with the Maven
/// profile `peers`. One {@link org.flowrl.bench.kernel.Engine} each.
package org.flowrl.bench.peers;
