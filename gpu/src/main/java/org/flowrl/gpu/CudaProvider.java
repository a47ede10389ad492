package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;

/// Reports NVIDIA cards as unavailable: this version has no CUDA backend, whether or not the machine has a card.
public final class CudaProvider implements BackendProvider {
    private static final String REASON = "this version has no CUDA backend";

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public List<Candidate> candidates() {
        return List.of(new Candidate("cuda:0", false, REASON));
    }

    /// @throws IllegalStateException always
    @Override
    public Backend open(Candidate candidate, int threads) {
        throw new IllegalStateException(candidate.name() + ": " + REASON);
    }
}
