/// The CUDA device. Read {@link org.flowrl.gpu.CudaBackend} first.
///
/// `CudaApi` is all that is asked of NVIDIA's libraries, through `FfmApi` (java.lang.foreign) or `JCudaApi`.
/// `CudaDevice` is one card with its stream, `CudaMemory` its memory, `Kernels` starts the project's own kernels, whose
/// sources and PTX are resources of this package, `Products` asks cuBLAS. `Cuda…` files are the kernel families.
///
/// **Recorded work** (`CudaRecorder`, CUDA graphs). A graph holds addresses and the numbers given to kernels, so a
/// decoding step can be one as it stands: kernels write into given tensors, nothing waits for the card, and what
/// changes from step to step (ids, positions, slots, page table, uniform numbers) lies in device memory. Three things
/// hold a graph together:
/// - *Fixed tensors.* Inputs and outputs of a step are allocated once and written before each launch, see
///   `org.flowrl.transformer.DecodeBatch`; their sizes are those of the longest sequence to come, and kernels read from
///   device memory how much of that is in use.
/// - *Memory of its own.* Temporaries come out of a `Memory.child`, where they go back to without becoming anybody
///   else's. The step runs once before it is recorded, so that memory, kernels and scratch buffers are there: taking
///   memory, loading a kernel, a copy from or to the host or a wait while work is recorded are refused by name.
/// - *Scratch memory that stays.* A graph knows the buffers of `Scratch` by address. One that has had to grow since
///   makes the graph stale, and the step is recorded anew.
///
/// Indices that a kernel of a graph finds wrong are noted as always, and thrown at the next wait.
package org.flowrl.gpu;
