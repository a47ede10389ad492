package org.flowrl.gpu;

import static org.junit.jupiter.api.Assumptions.abort;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.contract.BackendContract;
import org.flowrl.tensor.contract.KernelCase;

/// The contract on the emulated card, or on a real one where it is asked for.
///
/// The two backends that the contract opens have streams of successive numbers, of which the emulated driver runs the
/// threads of each block in opposite orders: so the comparison of their bits finds missing barriers. Guards around
/// every block of memory find writes out of bounds.
abstract class CudaContract extends BackendContract {
    /// Where both factors are rounded to BF16, each product is wrong by up to 2^-8 of itself: sums of a few hundred
    /// products of random signs by about that much of their own size, three such sums after another by three times.
    static final double BFLOAT16_TOLERANCE = 0.02;

    /// The system property by which `run-on-gpu.sh` holds a real card to the contract.
    static final String REAL_CARD = "gpu.realCard";

    private final String binding;

    CudaContract(String binding) {
        this.binding = binding;
    }

    @Override
    protected Backend open(int threads) {
        return new CudaBackend(openCard(binding), 0);
    }

    /// A binding to the card of {@link #useCard}. Skips the calling test, with the reason, where a real card's machine
    /// has not the cuBLAS of CUDA 12, without which there is no JCuda.
    static CudaApi openCard(String binding) {
        useCard();
        if (Boolean.getBoolean(REAL_CARD) && binding.equals(JCudaApi.NAME)) {
            try {
                JCudaLibraries.blas();
            } catch (CudaLibrary.MissingLibraryException e) {
                abort("JCuda cannot be tested here: " + e.getMessage());
            }
        }
        return CudaBinding.open(binding);
    }

    /// The card of the tests that can do with either: the emulated one, or a real one where it is asked for.
    static void useCard() {
        if (!Boolean.getBoolean(REAL_CARD)) {
            EmulatedCuda.use();
        }
    }

    /// Of each kernel at most so many cases, evenly over its table, the last one among them.
    static List<KernelCase> spread(List<KernelCase> cases, int most) {
        Map<String, List<KernelCase>> byKernel = cases.stream()
                .collect(Collectors.groupingBy(KernelCase::kernel, LinkedHashMap::new, Collectors.toList()));
        return byKernel.values().stream().flatMap(of -> of.size() <= most ? of.stream()
                : IntStream.rangeClosed(1, most).mapToObj(i -> of.get(i * of.size() / most - 1))).toList();
    }

    @Override
    protected double tolerance(KernelCase kernel) {
        return kernel.roundsToBfloat16() ? BFLOAT16_TOLERANCE : super.tolerance(kernel);
    }
}
