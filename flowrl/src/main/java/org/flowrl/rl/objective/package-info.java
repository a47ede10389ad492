/// Objectives. Read {@link org.flowrl.rl.objective.FlowRl} first; its equations and where the versions of FlowRL
/// disagree stand at its top. Everything that it is compared with is one {@link
/// org.flowrl.rl.objective.PolicyGradient}, put together of an estimator, a policy loss, an aggregation and a penalty;
/// {@link org.flowrl.rl.objective.Algorithms} has every published combination by name. An algorithm of one's own is a
/// record: {@link org.flowrl.rl.objective.ObjectiveSettings} says how.
package org.flowrl.rl.objective;
