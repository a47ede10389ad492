/// Reinforcement learning of language models. Read {@link org.flowrl.rl.objective.FlowRl}, then
/// {@link org.flowrl.rl.Trainer}, then {@link org.flowrl.rl.Policy}.
package org.flowrl.rl;
