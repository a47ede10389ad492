/// The CUDA device. Read {@link org.flowrl.gpu.CudaBackend} first.
///
/// `CudaApi` is all that is asked of NVIDIA's libraries, through `FfmApi` (java.lang.foreign) or `JCudaApi`.
/// `CudaDevice` is one card with its stream, `CudaMemory` its memory, `Kernels` starts the project's own kernels, whose
/// sources and PTX are resources of this package, `Products` asks cuBLAS. `Cuda…` files are the kernel families.
package org.flowrl.gpu;
