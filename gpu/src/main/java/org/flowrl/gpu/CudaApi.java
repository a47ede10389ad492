package org.flowrl.gpu;

/// The calls of the CUDA driver and of cuBLAS that the backend makes, as one interface over two bindings.
///
/// Handles, device addresses and host addresses are `long`; 0 is no handle. Every call that fails throws
/// {@link CudaException} with the call, the code and its name. Work is put into a stream and runs in order of its
/// calls; only {@link #synchronize} and {@link #free} wait for the card. One thread at a time.
interface CudaApi extends AutoCloseable {
    /// Attributes of a device, by the driver's numbers (`CUdevice_attribute`).
    int MULTIPROCESSORS = 16;
    /// Of a block's shared memory, where a kernel is allowed them.
    int MOST_SHARED_BYTES = 97;
    int CAPABILITY_MAJOR = 75;
    int CAPABILITY_MINOR = 76;

    /// Element types of a product, by the library's numbers (`cudaDataType`).
    int F32 = 0;
    int BF16 = 14;

    /// How products of F32 are computed (`cublasMath_t`): in F32, or on tensor cores with 10-bit fractions.
    int EXACT_MATH = 0;
    int TENSOR_FLOAT_32 = 3;

    /// The binding's name: `ffm` or `jcuda`.
    String binding();

    // The driver and its devices.

    /// The newest CUDA version that the driver supports, such as 13000 for 13.0.
    int driverVersion();

    /// Number of cards.
    int deviceCount();

    /// A card's product name.
    String deviceName(int device);

    /// One attribute of a card.
    int attribute(int attribute, int device);

    /// Bytes of memory on a card.
    long totalBytes(int device);

    /// Takes hold of the card's primary context.
    long retainContext(int device);

    /// Lets go of the card's primary context.
    void releaseContext(int device);

    /// Makes a context the calling thread's.
    void useContext(long context);

    // Memory.

    /// Bytes of device memory that are free.
    long freeBytes();

    /// Device memory of undefined content, aligned to 256 bytes.
    long allocate(long bytes);

    /// Gives device memory back, after waiting for all work.
    void free(long address);

    /// Host memory that the card copies to and from without a detour.
    long allocateHost(long bytes);

    /// Gives pinned host memory back.
    void freeHost(long address);

    /// Copies from host memory, which must stay as it is until the stream has passed.
    void copyIn(long host, long device, long bytes, long stream);

    /// Copies to host memory, whose content is defined when the stream has passed.
    void copyOut(long device, long host, long bytes, long stream);

    /// Copies within the card.
    void copy(long from, long to, long bytes, long stream);

    /// Sets every byte.
    void fill(long address, byte value, long bytes, long stream);

    // Streams.

    /// A stream that does not wait for the default stream.
    long createStream();

    /// Ends a stream.
    void destroyStream(long stream);

    /// Waits until all work of the stream is done.
    void synchronize(long stream);

    // Kernels.

    /// Loads a module from PTX.
    ///
    /// @param ptx text that ends with a zero byte
    long loadModule(byte[] ptx);

    /// Unloads a module.
    void unloadModule(long module);

    /// A kernel of a module.
    long function(long module, String name);

    /// Allows blocks of a kernel this much dynamic shared memory, beyond the usual 48 KiB.
    void allowSharedBytes(long function, int bytes);

    /// Starts a kernel.
    ///
    /// @param parameters host address of an array of addresses, one of each parameter's value, read before the return
    void launch(long function, int gridX, int gridY, int threads, int sharedBytes, long stream, long parameters);

    // Graphs: where the driver has them.

    /// True where the driver has the calls about graphs (CUDA 11.4 and later).
    boolean capturesGraphs();

    /// From here on the stream's work is noted instead of done. Until the end this thread may ask for nothing that
    /// waits or allocates.
    void beginCapture(long stream);

    /// Ends the notes and gives them as a graph.
    long endCapture(long stream);

    /// A graph in the form that can be started.
    long instantiate(long graph);

    /// Does a graph's work.
    void launchGraph(long executable, long stream);

    /// Ends a graph.
    void destroyGraph(long graph);

    /// Ends an executable graph.
    void destroyExecutable(long executable);

    // cuBLAS.

    /// A cuBLAS handle.
    long createBlas();

    /// Ends a cuBLAS handle.
    void destroyBlas(long blas);

    /// The library's version, such as 120902 or 130002.
    int blasVersion(long blas);

    /// Where the handle's work goes.
    void blasStream(long blas, long stream);

    /// Device memory that the handle works in: given once, so that products neither allocate nor share.
    void blasWorkspace(long blas, long address, long bytes);

    /// How products of F32 are computed.
    void blasMath(long blas, int math);

    /// Overwrites or adds to a column-major matrix of F32, with sums in F32.
    /// ```
    /// C[m, n] = scale · op(A)[m, k] · op(B)[k, n] + (add ? C : 0)
    /// ```
    ///
    /// @param transposeA, transposeB true where op turns rows and columns
    /// @param type of A and B, {@link #F32} or {@link #BF16}
    /// @param lda, ldb, ldc elements from one column to the next
    void gemm(long blas, boolean transposeA, boolean transposeB, int m, int n, int k, long a, int lda, long b, int ldb,
            int type, float scale, boolean add, long c, int ldc);

    /// Gives the binding's own memory back.
    @Override
    void close();
}
