package org.flowrl.gpu;

import java.util.Map;

/// A call of the CUDA driver or of cuBLAS failed: `cuMemAlloc: 2 (CUDA_ERROR_OUT_OF_MEMORY)`.
final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// The codes that a program meets, from cuda.h (CUresult).
    private static final Map<Integer, String> DRIVER = Map.ofEntries(
            Map.entry(1, "CUDA_ERROR_INVALID_VALUE"), Map.entry(2, "CUDA_ERROR_OUT_OF_MEMORY"),
            Map.entry(3, "CUDA_ERROR_NOT_INITIALIZED"), Map.entry(4, "CUDA_ERROR_DEINITIALIZED"),
            Map.entry(34, "CUDA_ERROR_STUB_LIBRARY"), Map.entry(46, "CUDA_ERROR_DEVICE_UNAVAILABLE"),
            Map.entry(100, "CUDA_ERROR_NO_DEVICE"), Map.entry(101, "CUDA_ERROR_INVALID_DEVICE"),
            Map.entry(200, "CUDA_ERROR_INVALID_IMAGE"), Map.entry(201, "CUDA_ERROR_INVALID_CONTEXT"),
            Map.entry(209, "CUDA_ERROR_NO_BINARY_FOR_GPU"), Map.entry(218, "CUDA_ERROR_INVALID_PTX"),
            Map.entry(222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"), Map.entry(400, "CUDA_ERROR_INVALID_HANDLE"),
            Map.entry(500, "CUDA_ERROR_NOT_FOUND"), Map.entry(700, "CUDA_ERROR_ILLEGAL_ADDRESS"),
            Map.entry(701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"), Map.entry(702, "CUDA_ERROR_LAUNCH_TIMEOUT"),
            Map.entry(716, "CUDA_ERROR_MISALIGNED_ADDRESS"), Map.entry(719, "CUDA_ERROR_LAUNCH_FAILED"),
            Map.entry(802, "CUDA_ERROR_SYSTEM_NOT_READY"), Map.entry(803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"),
            Map.entry(804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE"),
            Map.entry(900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"),
            Map.entry(901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"), Map.entry(999, "CUDA_ERROR_UNKNOWN"));
    /// From cublas_api.h (cublasStatus_t).
    private static final Map<Integer, String> BLAS = Map.of(
            1, "CUBLAS_STATUS_NOT_INITIALIZED", 3, "CUBLAS_STATUS_ALLOC_FAILED", 7, "CUBLAS_STATUS_INVALID_VALUE",
            8, "CUBLAS_STATUS_ARCH_MISMATCH", 11, "CUBLAS_STATUS_MAPPING_ERROR", 13, "CUBLAS_STATUS_EXECUTION_FAILED",
            14, "CUBLAS_STATUS_INTERNAL_ERROR", 15, "CUBLAS_STATUS_NOT_SUPPORTED");

    private static final int OUT_OF_MEMORY = 2;

    private final int code;

    private CudaException(String call, int code, String name) {
        super(call + ": " + code + (name == null ? "" : " (" + name + ")"));
        this.code = code;
    }

    /// True where the card has not as much memory.
    boolean isOutOfMemory() {
        return code == OUT_OF_MEMORY;
    }

    /// Throws where a call returned anything but success.
    static void check(String call, int code) {
        if (code != 0) {
            throw new CudaException(call, code, (call.startsWith("cublas") ? BLAS : DRIVER).get(code));
        }
    }
}
