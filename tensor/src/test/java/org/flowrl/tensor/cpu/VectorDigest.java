package org.flowrl.tensor.cpu;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Calls every kernel once on small tensors and digests all outputs, to compare backends, JIT tiers and vector lengths
/// across JVMs.
///
/// As a program it prints the digest: arguments `reference` or `vector`, threads, and the number of repetitions, all of
/// which must give the same digest.
final class VectorDigest {
    private VectorDigest() {
    }

    public static void main(String[] arguments) {
        int threads = Integer.parseInt(arguments[1]);
        try (Backend backend = arguments[0].equals("vector") ? new VectorBackend(threads) : new ReferenceBackend()) {
            long digest = of(backend);
            for (int i = 1; i < Integer.parseInt(arguments[2]); i++) {
                long again = of(backend);
                if (again != digest) {
                    throw new AssertionError("repetition " + i + " gave " + again + ", not " + digest);
                }
            }
            System.out.println("digest " + digest);
        }
    }

    /// The digest of all kernels' outputs on `backend`: all bits, one NaN being like another.
    static long of(Backend backend) {
        long digest = 17;
        try (Scope scope = Scope.root("digest", backend.memory())) {
            for (KernelTable.Entry entry : KernelTable.of(backend, scope, KernelTable.Sizes.SMALL)) {
                entry.call().run();
                for (Tensor tensor : entry.outputs()) {
                    for (long i = 0; i < tensor.elements(); i++) {
                        digest = digest * 31 + Double.doubleToLongBits(tensor.get(i));
                        digest ^= digest >>> 29;
                    }
                }
            }
        }
        return digest;
    }
}
