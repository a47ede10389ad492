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
///
/// **Products are asked of `cublasGemmEx`, not of cublasLt.** Its default algorithm is chosen by the same heuristic
/// from the same kernels, within the 32 MiB of workspace that the handle is given, split sums for few rows among them;
/// it needs no descriptors, and JCuda has no cublasLt, so that a second path would serve one binding alone. What
/// cublasLt could add is an epilogue. One would count: biases of Qwen2's queries, keys and values, three short kernels
/// in each layer of a decoding step. By arithmetic, at 1.3 microseconds a launch within a graph, that is 0.09 ms for 24
/// layers, beside the 0.30 ms in which a card of 3.35 TB/s reads the 0.5B model's weights in BF16. It is not built:
/// each of those products has its operand rounded to BF16 by a kernel of its own as well, which no epilogue removes,
/// and what a step's some 27 launches a layer cost has to be measured on a card before one of them is worth a second
/// path. Nothing else is missing: residual sums are separate operations of the contract, gradients of weights add by
/// beta = 1, and sums are F32 in either.
package org.flowrl.gpu;
