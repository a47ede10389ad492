/// What policies are trained to do: read {@link org.flowrl.rl.task.Task}, then {@link org.flowrl.rl.task.Lattice},
/// whose answers can all be listed, and {@link org.flowrl.rl.task.Countdown}, which asks in English too.
package org.flowrl.rl.task;
