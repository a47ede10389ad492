package org.flowrl.gpu;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuDeviceTotalMem;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemAllocHost;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static org.flowrl.gpu.CudaException.check;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.runtime.cudaStream_t;

/// The binding through JCuda and JCublas. JCuda keeps handles in objects of its own: here they have numbers. Addresses
/// go as raw pointers, since JCuda's pointers to Java arrays cost ten times a launch.
final class JCudaApi implements CudaApi {
    static final String NAME = "jcuda";

    /// JCublas takes the computing type by the number of the element type, CUDA_R_32F, and not CUBLAS_COMPUTE_32F.
    private static final int COMPUTE_F32 = 0;
    private static final int DEFAULT_ALGORITHM = -1;
    private static final int STREAM_NON_BLOCKING = 1;
    private static final int CAPTURE_THREAD_LOCAL = 1;
    private static final int MOST_DYNAMIC_SHARED_BYTES = 8;
    private static final int NAME_BYTES = 256;

    /// A raw host or device address where JCuda takes any pointer.
    private static final class Raw extends Pointer {
        Raw() {
        }

        Raw(long address) {
            super(address);
        }

        long address() {
            return getNativePointer() + getByteOffset();
        }
    }

    /// A device address that a call has written.
    private static final class Allocated extends CUdeviceptr {
        long address() {
            return getNativePointer() + getByteOffset();
        }
    }

    private final Map<Long, Object> handles = new HashMap<>();
    private final Pointer one = Pointer.to(new float[] {1});
    private final Pointer zero = Pointer.to(new float[] {0});
    private long nextHandle = 1;

    /// Loads JCuda's libraries and NVIDIA's, and initialises the driver.
    ///
    /// @throws CudaLibrary.MissingLibraryException where one is missing
    JCudaApi() {
        JCudaLibraries.load();
        check("cuInit", cuInit(0));
    }

    private long handle(Object object) {
        handles.put(nextHandle, object);
        return nextHandle++;
    }

    private <T> T object(Class<T> type, long handle) {
        return type.cast(handles.get(handle));
    }

    private <T> T remove(Class<T> type, long handle) {
        return type.cast(handles.remove(handle));
    }

    private CUstream stream(long handle) {
        return object(CUstream.class, handle);
    }

    private cublasHandle blas(long handle) {
        return object(cublasHandle.class, handle);
    }

    private static CUdevice device(int index) {
        CUdevice device = new CUdevice();
        check("cuDeviceGet", cuDeviceGet(device, index));
        return device;
    }

    private static CUdeviceptr at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    @Override
    public String binding() {
        return NAME;
    }

    @Override
    public int driverVersion() {
        int[] version = new int[1];
        check("cuDriverGetVersion", cuDriverGetVersion(version));
        return version[0];
    }

    @Override
    public int deviceCount() {
        int[] count = new int[1];
        check("cuDeviceGetCount", cuDeviceGetCount(count));
        return count[0];
    }

    @Override
    public String deviceName(int device) {
        byte[] name = new byte[NAME_BYTES];
        check("cuDeviceGetName", cuDeviceGetName(name, NAME_BYTES, device(device)));
        int length = 0;
        while (length < NAME_BYTES && name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, StandardCharsets.UTF_8);
    }

    @Override
    public int attribute(int attribute, int device) {
        int[] value = new int[1];
        check("cuDeviceGetAttribute", cuDeviceGetAttribute(value, attribute, device(device)));
        return value[0];
    }

    @Override
    public long totalBytes(int device) {
        long[] bytes = new long[1];
        check("cuDeviceTotalMem", cuDeviceTotalMem(bytes, device(device)));
        return bytes[0];
    }

    @Override
    public long retainContext(int device) {
        CUcontext context = new CUcontext();
        check("cuDevicePrimaryCtxRetain", cuDevicePrimaryCtxRetain(context, device(device)));
        return handle(context);
    }

    @Override
    public void releaseContext(int device) {
        check("cuDevicePrimaryCtxRelease", cuDevicePrimaryCtxRelease(device(device)));
    }

    @Override
    public void useContext(long context) {
        check("cuCtxSetCurrent", cuCtxSetCurrent(object(CUcontext.class, context)));
    }

    @Override
    public long freeBytes() {
        long[] free = new long[1];
        check("cuMemGetInfo", cuMemGetInfo(free, new long[1]));
        return free[0];
    }

    @Override
    public long allocate(long bytes) {
        Allocated pointer = new Allocated();
        check("cuMemAlloc", cuMemAlloc(pointer, bytes));
        return pointer.address();
    }

    @Override
    public void free(long address) {
        check("cuMemFree", cuMemFree(at(address)));
    }

    @Override
    public long allocateHost(long bytes) {
        Raw pointer = new Raw();
        check("cuMemAllocHost", cuMemAllocHost(pointer, bytes));
        return pointer.address();
    }

    @Override
    public void freeHost(long address) {
        check("cuMemFreeHost", cuMemFreeHost(new Raw(address)));
    }

    @Override
    public void copyIn(long host, long device, long bytes, long stream) {
        check("cuMemcpyHtoDAsync", cuMemcpyHtoDAsync(at(device), new Raw(host), bytes, stream(stream)));
    }

    @Override
    public void copyOut(long device, long host, long bytes, long stream) {
        check("cuMemcpyDtoHAsync", cuMemcpyDtoHAsync(new Raw(host), at(device), bytes, stream(stream)));
    }

    @Override
    public void copy(long from, long to, long bytes, long stream) {
        check("cuMemcpyDtoDAsync", cuMemcpyDtoDAsync(at(to), at(from), bytes, stream(stream)));
    }

    @Override
    public void fill(long address, byte value, long bytes, long stream) {
        check("cuMemsetD8Async", cuMemsetD8Async(at(address), value, bytes, stream(stream)));
    }

    @Override
    public long createStream() {
        CUstream stream = new CUstream();
        check("cuStreamCreate", cuStreamCreate(stream, STREAM_NON_BLOCKING));
        return handle(stream);
    }

    @Override
    public void destroyStream(long stream) {
        check("cuStreamDestroy", cuStreamDestroy(remove(CUstream.class, stream)));
    }

    @Override
    public void synchronize(long stream) {
        check("cuStreamSynchronize", cuStreamSynchronize(stream(stream)));
    }

    @Override
    public long loadModule(byte[] ptx) {
        CUmodule module = new CUmodule();
        check("cuModuleLoadData", cuModuleLoadData(module, ptx));
        return handle(module);
    }

    @Override
    public void unloadModule(long module) {
        check("cuModuleUnload", cuModuleUnload(remove(CUmodule.class, module)));
    }

    @Override
    public long function(long module, String name) {
        CUfunction function = new CUfunction();
        check("cuModuleGetFunction", cuModuleGetFunction(function, object(CUmodule.class, module), name));
        return handle(function);
    }

    @Override
    public void allowSharedBytes(long function, int bytes) {
        check("cuFuncSetAttribute",
                cuFuncSetAttribute(object(CUfunction.class, function), MOST_DYNAMIC_SHARED_BYTES, bytes));
    }

    @Override
    public void launch(long function, int gridX, int gridY, int threads, int sharedBytes, long stream,
            long parameters) {
        check("cuLaunchKernel", cuLaunchKernel(object(CUfunction.class, function), gridX, gridY, 1, threads, 1, 1,
                sharedBytes, stream(stream), new Raw(parameters), null));
    }

    /// JCuda's library is linked against them, and would not have been loaded without.
    @Override
    public boolean capturesGraphs() {
        return true;
    }

    @Override
    public void beginCapture(long stream) {
        check("cuStreamBeginCapture", cuStreamBeginCapture(stream(stream), CAPTURE_THREAD_LOCAL));
    }

    @Override
    public long endCapture(long stream) {
        CUgraph graph = new CUgraph();
        check("cuStreamEndCapture", cuStreamEndCapture(stream(stream), graph));
        return handle(graph);
    }

    @Override
    public long instantiate(long graph) {
        CUgraphExec executable = new CUgraphExec();
        check("cuGraphInstantiate", cuGraphInstantiate(executable, object(CUgraph.class, graph), 0));
        return handle(executable);
    }

    @Override
    public void launchGraph(long executable, long stream) {
        check("cuGraphLaunch", cuGraphLaunch(object(CUgraphExec.class, executable), stream(stream)));
    }

    @Override
    public void destroyGraph(long graph) {
        check("cuGraphDestroy", cuGraphDestroy(remove(CUgraph.class, graph)));
    }

    @Override
    public void destroyExecutable(long executable) {
        check("cuGraphExecDestroy", cuGraphExecDestroy(remove(CUgraphExec.class, executable)));
    }

    @Override
    public long createBlas() {
        cublasHandle blas = new cublasHandle();
        check("cublasCreate", JCublas2.cublasCreate(blas));
        return handle(blas);
    }

    @Override
    public void destroyBlas(long blas) {
        check("cublasDestroy", JCublas2.cublasDestroy(remove(cublasHandle.class, blas)));
    }

    @Override
    public int blasVersion(long blas) {
        int[] version = new int[1];
        check("cublasGetVersion", JCublas2.cublasGetVersion(blas(blas), version));
        return version[0];
    }

    @Override
    public void blasStream(long blas, long stream) {
        check("cublasSetStream", JCublas2.cublasSetStream(blas(blas), new cudaStream_t(stream(stream))));
    }

    @Override
    public void blasWorkspace(long blas, long address, long bytes) {
        check("cublasSetWorkspace", JCublas2.cublasSetWorkspace(blas(blas), at(address), bytes));
    }

    @Override
    public void blasMath(long blas, int math) {
        check("cublasSetMathMode", JCublas2.cublasSetMathMode(blas(blas), math));
    }

    @Override
    public void gemm(long blas, boolean transposeA, boolean transposeB, int m, int n, int k, long a, int lda, long b,
            int ldb, int type, float scale, boolean add, long c, int ldc) {
        check("cublasGemmEx", JCublas2.cublasGemmEx(blas(blas), transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k,
                scale == 1 ? one : Pointer.to(new float[] {scale}),
                at(a), type, lda, at(b), type, ldb, add ? one : zero, at(c), F32, ldc, COMPUTE_F32,
                DEFAULT_ALGORITHM));
    }

    @Override
    public void close() {
        handles.clear();
    }
}
