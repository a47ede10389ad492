/// The backends of the host: `reference`, the executable specification in plain loops, and `vector`, the fast one,
/// which gives the same bits.
///
/// Read {@link org.flowrl.tensor.cpu.ReferenceBackend} first: one `Reference…` file for each kernel family, written
/// over `Precision` (F32 or F64 arithmetic), with `ReferenceMatrix` (chains of blocks) and `ReferenceLanes` (sixteen
/// lanes) as the two orders of reduction. The `Vector…` file of the same family is its twin. `Arguments` checks the
/// arguments of both, `Exponential` is the exponential of both. {@link org.flowrl.tensor.cpu.PlanBackend} computes
/// nothing and counts memory.
package org.flowrl.tensor.cpu;
