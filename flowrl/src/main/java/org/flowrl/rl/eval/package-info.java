/// Benchmarks: read {@link org.flowrl.rl.eval.Benchmark}, then {@link org.flowrl.rl.eval.BenchmarkRun} and
/// {@link org.flowrl.rl.eval.EvaluationReport}.
///
/// ```
/// file ─Benchmark─> problems ─BenchmarkRun─> GradedAnswers ─> EvaluationReport: avg@k, pass@k, maj@k, Diversity
///                              │  model, Grader          └──> DiversityJudge: a language model's score
/// ```
package org.flowrl.rl.eval;
