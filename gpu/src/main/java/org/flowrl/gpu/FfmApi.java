package org.flowrl.gpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.stream.Stream;

/// The binding through java.lang.foreign. Handles, device pointers (CUdeviceptr is 64 bits wide) and host addresses go
/// as `long`; pointers to results are segments of this object.
final class FfmApi implements CudaApi {
    static final String NAME = "ffm";

    /// CUBLAS_COMPUTE_32F of cublas_api.h.
    private static final int COMPUTE_F32 = 68;
    /// CUBLAS_GEMM_DEFAULT of cublas_api.h.
    private static final int DEFAULT_ALGORITHM = -1;
    private static final int STREAM_NON_BLOCKING = 1;
    private static final int CAPTURE_THREAD_LOCAL = 1;
    private static final int MOST_DYNAMIC_SHARED_BYTES = 8;
    private static final int NAME_BYTES = 256;

    /// A function of a library, linked at its first call: linking all of them costs a quarter of a second.
    private static final class Function {
        private final SymbolLookup library;
        private final String name;
        private final FunctionDescriptor descriptor;
        private MethodHandle handle;

        Function(SymbolLookup library, String name, MemoryLayout... parameters) {
            this.library = library;
            this.name = name;
            this.descriptor = FunctionDescriptor.of(JAVA_INT, parameters);
        }

        @SuppressWarnings("restricted")
        MethodHandle handle() {
            if (handle == null) {
                MemorySegment address = library.find(name).orElseThrow(() ->
                        new CudaLibrary.MissingLibraryException("the library has no function " + name));
                handle = Linker.nativeLinker().downcallHandle(address, descriptor);
            }
            return handle;
        }
    }

    /// A call with its arguments, which returns the library's code.
    @FunctionalInterface
    private interface Call {
        int run(MethodHandle handle) throws Throwable;
    }

    private final SymbolLookup cuda = CudaLibrary.driver().symbols();
    private final SymbolLookup cublas = CudaLibrary.blas().symbols();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment out = arena.allocate(NAME_BYTES, 16);
    private final MemorySegment zero = arena.allocateFrom(JAVA_FLOAT, 0f);
    private final MemorySegment one = arena.allocateFrom(JAVA_FLOAT, 1f);
    private final MemorySegment factor = arena.allocate(JAVA_FLOAT);

    // CUresult cuInit(unsigned int flags)
    private final Function init = new Function(cuda, "cuInit", JAVA_INT);
    // CUresult cuDriverGetVersion(int *version)
    private final Function driverVersion = new Function(cuda, "cuDriverGetVersion", ADDRESS);
    // CUresult cuDeviceGetCount(int *count)
    private final Function deviceCount = new Function(cuda, "cuDeviceGetCount", ADDRESS);
    // CUresult cuDeviceGetName(char *name, int length, CUdevice device)
    private final Function deviceName = new Function(cuda, "cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT);
    // CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
    private final Function attribute = new Function(cuda, "cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
    // CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
    private final Function totalBytes = new Function(cuda, "cuDeviceTotalMem_v2", ADDRESS, JAVA_INT);
    // CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
    private final Function retainContext = new Function(cuda, "cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT);
    // CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
    private final Function releaseContext = new Function(cuda, "cuDevicePrimaryCtxRelease_v2", JAVA_INT);
    // CUresult cuCtxSetCurrent(CUcontext context)
    private final Function useContext = new Function(cuda, "cuCtxSetCurrent", JAVA_LONG);
    // CUresult cuMemGetInfo_v2(size_t *free, size_t *total)
    private final Function memoryInfo = new Function(cuda, "cuMemGetInfo_v2", ADDRESS, ADDRESS);
    // CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
    private final Function allocate = new Function(cuda, "cuMemAlloc_v2", ADDRESS, JAVA_LONG);
    // CUresult cuMemFree_v2(CUdeviceptr address)
    private final Function free = new Function(cuda, "cuMemFree_v2", JAVA_LONG);
    // CUresult cuMemAllocHost_v2(void **address, size_t bytes)
    private final Function allocateHost = new Function(cuda, "cuMemAllocHost_v2", ADDRESS, JAVA_LONG);
    // CUresult cuMemFreeHost(void *address)
    private final Function freeHost = new Function(cuda, "cuMemFreeHost", JAVA_LONG);
    // CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
    private final Function copyIn = new Function(cuda, "cuMemcpyHtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG);
    // CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
    private final Function copyOut = new Function(cuda, "cuMemcpyDtoHAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG);
    // CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
    private final Function copy = new Function(cuda, "cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG);
    // CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t bytes, CUstream stream)
    private final Function fill = new Function(cuda, "cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, JAVA_LONG);
    // CUresult cuStreamCreate(CUstream *stream, unsigned int flags)
    private final Function createStream = new Function(cuda, "cuStreamCreate", ADDRESS, JAVA_INT);
    // CUresult cuStreamDestroy_v2(CUstream stream)
    private final Function destroyStream = new Function(cuda, "cuStreamDestroy_v2", JAVA_LONG);
    // CUresult cuStreamSynchronize(CUstream stream)
    private final Function synchronize = new Function(cuda, "cuStreamSynchronize", JAVA_LONG);
    // CUresult cuModuleLoadData(CUmodule *module, const void *image)
    private final Function loadModule = new Function(cuda, "cuModuleLoadData", ADDRESS, ADDRESS);
    // CUresult cuModuleUnload(CUmodule module)
    private final Function unloadModule = new Function(cuda, "cuModuleUnload", JAVA_LONG);
    // CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
    private final Function function = new Function(cuda, "cuModuleGetFunction", ADDRESS, JAVA_LONG, ADDRESS);
    // CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value)
    private final Function setAttribute = new Function(cuda, "cuFuncSetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT);
    // CUresult cuLaunchKernel(CUfunction function, unsigned int gridX, gridY, gridZ, blockX, blockY, blockZ,
    //         sharedBytes, CUstream stream, void **parameters, void **extra)
    private final Function launch = new Function(cuda, "cuLaunchKernel", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
            JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    // CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode)
    private final Function beginCapture = new Function(cuda, "cuStreamBeginCapture_v2", JAVA_LONG, JAVA_INT);
    // CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph)
    private final Function endCapture = new Function(cuda, "cuStreamEndCapture", JAVA_LONG, ADDRESS);
    // CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long flags)
    private final Function instantiate = new Function(cuda, "cuGraphInstantiateWithFlags", ADDRESS, JAVA_LONG,
            JAVA_LONG);
    // CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream)
    private final Function launchGraph = new Function(cuda, "cuGraphLaunch", JAVA_LONG, JAVA_LONG);
    // CUresult cuGraphDestroy(CUgraph graph)
    private final Function destroyGraph = new Function(cuda, "cuGraphDestroy", JAVA_LONG);
    // CUresult cuGraphExecDestroy(CUgraphExec executable)
    private final Function destroyExecutable = new Function(cuda, "cuGraphExecDestroy", JAVA_LONG);
    // cublasStatus_t cublasCreate_v2(cublasHandle_t *handle)
    private final Function createBlas = new Function(cublas, "cublasCreate_v2", ADDRESS);
    // cublasStatus_t cublasDestroy_v2(cublasHandle_t handle)
    private final Function destroyBlas = new Function(cublas, "cublasDestroy_v2", JAVA_LONG);
    // cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int *version)
    private final Function blasVersion = new Function(cublas, "cublasGetVersion_v2", JAVA_LONG, ADDRESS);
    // cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream)
    private final Function blasStream = new Function(cublas, "cublasSetStream_v2", JAVA_LONG, JAVA_LONG);
    // cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace, size_t bytes)
    private final Function blasWorkspace = new Function(cublas, "cublasSetWorkspace_v2", JAVA_LONG, JAVA_LONG,
            JAVA_LONG);
    // cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode)
    private final Function blasMath = new Function(cublas, "cublasSetMathMode", JAVA_LONG, JAVA_INT);
    // cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa, transb, int m, n, k,
    //         const void *alpha, const void *A, cudaDataType Atype, int lda, const void *B, cudaDataType Btype,
    //         int ldb, const void *beta, void *C, cudaDataType Ctype, int ldc, cublasComputeType_t computeType,
    //         cublasGemmAlgo_t algo)
    private final Function gemm = new Function(cublas, "cublasGemmEx", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
            JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS,
            JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);

    /// Loads both libraries and initialises the driver.
    ///
    /// @throws CudaLibrary.MissingLibraryException where one is missing
    FfmApi() {
        try {
            call(init, h -> (int) h.invokeExact(0));
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static void call(Function function, Call call) {
        int code;
        try {
            code = call.run(function.handle());
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(function.name + ": the native call threw", e);
        }
        if (code != 0) {
            CudaException.check(function.name, code);
        }
    }

    private int resultInt() {
        return out.get(JAVA_INT, 0);
    }

    private long resultLong() {
        return out.get(JAVA_LONG, 0);
    }

    @Override
    public String binding() {
        return NAME;
    }

    @Override
    public int driverVersion() {
        call(driverVersion, h -> (int) h.invokeExact(out));
        return resultInt();
    }

    @Override
    public int deviceCount() {
        call(deviceCount, h -> (int) h.invokeExact(out));
        return resultInt();
    }

    @Override
    public String deviceName(int device) {
        call(deviceName, h -> (int) h.invokeExact(out, NAME_BYTES, device));
        return out.getString(0);
    }

    @Override
    public int attribute(int number, int device) {
        call(attribute, h -> (int) h.invokeExact(out, number, device));
        return resultInt();
    }

    @Override
    public long totalBytes(int device) {
        call(totalBytes, h -> (int) h.invokeExact(out, device));
        return resultLong();
    }

    @Override
    public long retainContext(int device) {
        call(retainContext, h -> (int) h.invokeExact(out, device));
        return resultLong();
    }

    @Override
    public void releaseContext(int device) {
        call(releaseContext, h -> (int) h.invokeExact(device));
    }

    @Override
    public void useContext(long context) {
        call(useContext, h -> (int) h.invokeExact(context));
    }

    @Override
    public long freeBytes() {
        call(memoryInfo, h -> (int) h.invokeExact(out, out.asSlice(Long.BYTES)));
        return resultLong();
    }

    @Override
    public long allocate(long bytes) {
        call(allocate, h -> (int) h.invokeExact(out, bytes));
        return resultLong();
    }

    @Override
    public void free(long address) {
        call(free, h -> (int) h.invokeExact(address));
    }

    @Override
    public long allocateHost(long bytes) {
        call(allocateHost, h -> (int) h.invokeExact(out, bytes));
        return resultLong();
    }

    @Override
    public void freeHost(long address) {
        call(freeHost, h -> (int) h.invokeExact(address));
    }

    @Override
    public void copyIn(long host, long device, long bytes, long stream) {
        call(copyIn, h -> (int) h.invokeExact(device, host, bytes, stream));
    }

    @Override
    public void copyOut(long device, long host, long bytes, long stream) {
        call(copyOut, h -> (int) h.invokeExact(host, device, bytes, stream));
    }

    @Override
    public void copy(long from, long to, long bytes, long stream) {
        call(copy, h -> (int) h.invokeExact(to, from, bytes, stream));
    }

    @Override
    public void fill(long address, byte value, long bytes, long stream) {
        call(fill, h -> (int) h.invokeExact(address, value, bytes, stream));
    }

    @Override
    public long createStream() {
        call(createStream, h -> (int) h.invokeExact(out, STREAM_NON_BLOCKING));
        return resultLong();
    }

    @Override
    public void destroyStream(long stream) {
        call(destroyStream, h -> (int) h.invokeExact(stream));
    }

    @Override
    public void synchronize(long stream) {
        call(synchronize, h -> (int) h.invokeExact(stream));
    }

    @Override
    public long loadModule(byte[] ptx) {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment image = call.allocateFrom(JAVA_BYTE, ptx);
            call(loadModule, h -> (int) h.invokeExact(out, image));
        }
        return resultLong();
    }

    @Override
    public void unloadModule(long module) {
        call(unloadModule, h -> (int) h.invokeExact(module));
    }

    @Override
    public long function(long module, String name) {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment text = call.allocateFrom(name);
            call(function, h -> (int) h.invokeExact(out, module, text));
        }
        return resultLong();
    }

    @Override
    public void allowSharedBytes(long kernel, int bytes) {
        call(setAttribute, h -> (int) h.invokeExact(kernel, MOST_DYNAMIC_SHARED_BYTES, bytes));
    }

    @Override
    public void launch(long kernel, int gridX, int gridY, int threads, int sharedBytes, long stream, long parameters) {
        call(launch, h -> (int) h.invokeExact(kernel, gridX, gridY, 1, threads, 1, 1, sharedBytes, stream, parameters,
                0L));
    }

    @Override
    public boolean capturesGraphs() {
        return Stream.of(beginCapture, endCapture, instantiate, launchGraph, destroyGraph, destroyExecutable)
                .allMatch(function -> cuda.find(function.name).isPresent());
    }

    @Override
    public void beginCapture(long stream) {
        call(beginCapture, h -> (int) h.invokeExact(stream, CAPTURE_THREAD_LOCAL));
    }

    @Override
    public long endCapture(long stream) {
        call(endCapture, h -> (int) h.invokeExact(stream, out));
        return resultLong();
    }

    @Override
    public long instantiate(long graph) {
        call(instantiate, h -> (int) h.invokeExact(out, graph, 0L));
        return resultLong();
    }

    @Override
    public void launchGraph(long executable, long stream) {
        call(launchGraph, h -> (int) h.invokeExact(executable, stream));
    }

    @Override
    public void destroyGraph(long graph) {
        call(destroyGraph, h -> (int) h.invokeExact(graph));
    }

    @Override
    public void destroyExecutable(long executable) {
        call(destroyExecutable, h -> (int) h.invokeExact(executable));
    }

    @Override
    public long createBlas() {
        call(createBlas, h -> (int) h.invokeExact(out));
        return resultLong();
    }

    @Override
    public void destroyBlas(long blas) {
        call(destroyBlas, h -> (int) h.invokeExact(blas));
    }

    @Override
    public int blasVersion(long blas) {
        call(blasVersion, h -> (int) h.invokeExact(blas, out));
        return resultInt();
    }

    @Override
    public void blasStream(long blas, long stream) {
        call(blasStream, h -> (int) h.invokeExact(blas, stream));
    }

    @Override
    public void blasWorkspace(long blas, long address, long bytes) {
        call(blasWorkspace, h -> (int) h.invokeExact(blas, address, bytes));
    }

    @Override
    public void blasMath(long blas, int math) {
        call(blasMath, h -> (int) h.invokeExact(blas, math));
    }

    @Override
    public void gemm(long blas, boolean transposeA, boolean transposeB, int m, int n, int k, long a, int lda, long b,
            int ldb, int type, float scale, boolean add, long c, int ldc) {
        MemorySegment keep = add ? one : zero;
        factor.set(JAVA_FLOAT, 0, scale);
        call(gemm, h -> (int) h.invokeExact(blas, transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, factor, a, type, lda,
                b, type, ldb, keep, c, F32, ldc, COMPUTE_F32, DEFAULT_ALGORITHM));
    }

    @Override
    public void close() {
        arena.close();
    }
}
