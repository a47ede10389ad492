/// Algorithms held against each other on one task: read {@link org.flowrl.rl.compare.Comparison}, then
/// {@link org.flowrl.rl.compare.CompareRun}, then {@link org.flowrl.rl.compare.Results}.
package org.flowrl.rl.compare;
