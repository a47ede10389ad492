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
/// cublasLt could add is an epilogue, and none is left that counts: in a decoding step ({@link CudaFused}) biases are
/// added by the kernel that places heads, residual sums are beta = 1, as gradients of weights are, and sums are F32 in
/// either; in a training step biases of queries, keys and values are short beside their products.
///
/// **Programmatic dependent launch is not used.** A kernel that begins while the one before it ends would hide most of
/// a launch's time. It takes `cuLaunchKernelEx` with an attribute, which JCuda does not have, instructions
/// (`griddepcontrol`) of sm_90, so a second flavour of every PTX, and kernels on both sides that know of it; of a
/// block's eight launches four are cuBLAS's, and each of our four comes right after or before one of those. What it
/// would gain has to be measured on a card first.
package org.flowrl.gpu;
