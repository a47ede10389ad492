/// Graders of mathematical answers: read {@link org.flowrl.rl.grade.Grader}, then
/// {@link org.flowrl.rl.grade.Graders}.
///
/// Two kinds. String rules ({@code dapo}, {@code math-reward}, {@code gsm8k}, {@code hendrycks}) give the verdicts of
/// the published code, quirks included, because a training reward must be the published one. Graders by meaning
/// ({@code math-verify}, {@code qwen-math}, {@code deepscaler}) read both answers and compare them in
/// {@link org.flowrl.rl.grade.symbolic}; where they differ from the originals is listed in
/// {@code flowrl/docs/grader-disagreements.md}.
package org.flowrl.rl.grade;
