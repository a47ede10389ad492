/// Whether two answers mean the same: read {@link org.flowrl.rl.grade.symbolic.Equivalence}, then
/// {@link org.flowrl.rl.grade.symbolic.MathParser} and {@link org.flowrl.rl.grade.symbolic.Evaluation}.
///
/// ```
/// text ─MathLexer─> tokens ─MathParser, FactorParser─> Expression ─NormalForm─> Expression
///                                                                                   │
///      true or false <─Equivalence─ exact numbers, Evaluation at points, RealSet <──┘
/// ```
/// A {@link org.flowrl.rl.grade.symbolic.Value} that is not exact knows how far it may be off.
///
/// Every step spends from a {@link org.flowrl.rl.grade.symbolic.StepBudget}, so hostile answers cost a known amount of
/// work, and nothing is ever run.
package org.flowrl.rl.grade.symbolic;
