/// The CUDA device: {@link org.flowrl.gpu.CudaProvider} says why it cannot be used.
package org.flowrl.gpu;
