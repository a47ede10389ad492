/// Objectives: estimator, loss and aggregation of each algorithm. Read {@link org.flowrl.rl.objective.FlowRl} first; its
/// equations and where the versions of FlowRL disagree stand at its top.
package org.flowrl.rl.objective;
