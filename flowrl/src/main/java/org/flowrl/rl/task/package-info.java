/// Built-in tasks on which a policy's whole answer distribution can be measured exactly: read
/// {@link org.flowrl.rl.task.Task}, then {@link org.flowrl.rl.task.Lattice}.
package org.flowrl.rl.task;
