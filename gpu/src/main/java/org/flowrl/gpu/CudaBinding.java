package org.flowrl.gpu;

/// Which of the two bindings is used: the system property `gpu.binding` is `ffm` (the default) or `jcuda`.
final class CudaBinding {
    /// The system property.
    static final String PROPERTY = "gpu.binding";

    private CudaBinding() {
    }

    /// Opens the chosen binding.
    ///
    /// @throws CudaLibrary.MissingLibraryException where a library is missing
    /// @throws CudaException where the driver refuses
    static CudaApi open() {
        return open(System.getProperty(PROPERTY, FfmApi.NAME));
    }

    /// Opens the binding of this name.
    static CudaApi open(String name) {
        return switch (name) {
            case FfmApi.NAME -> new FfmApi();
            case JCudaApi.NAME -> new JCudaApi();
            default -> throw new IllegalArgumentException(PROPERTY + " '" + name + "' must be " + FfmApi.NAME + " or "
                    + JCudaApi.NAME);
        };
    }
}
