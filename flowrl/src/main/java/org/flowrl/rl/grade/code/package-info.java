/// Graders of programs: read {@link org.flowrl.rl.grade.code.CodeGrader}, then
/// {@link org.flowrl.rl.grade.code.Sandbox}.
///
/// ```
/// response ─FencedCode─> source ─Language─> program ─Sandbox─> Ending ─> CodeOutcome ─> Verdict
///                                              │                 │
///                                     JavaCompilers          Cell ══ process ══ cell.CellMain ─> the program
///                                   (confined, warm)                 (confined, one program each)
/// ```
package org.flowrl.rl.grade.code;
