/// What runs inside a cell, the separate process that an untrusted program is given: read
/// {@link org.flowrl.rl.grade.code.cell.CellMain}, then {@link org.flowrl.rl.grade.code.cell.Confinement}.
///
/// These classes need `java.base` and the compiler's API only. They are copied into a module of their own which exports
/// and opens nothing, so that a program in the same JVM can neither call nor reflect into them; nothing else of FlowRL
/// is in the cell.
package org.flowrl.rl.grade.code.cell;
