package org.flowrl.tensor.cpu;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;

/// Offers the {@link ReferenceBackend}, which needs nothing but a JVM and is always available.
public final class ReferenceProvider implements BackendProvider {
    static final String NAME = "reference";
    static final String DESCRIPTION = "plain Java loops, F32 and F64, one thread";

    /// For the service loader.
    public ReferenceProvider() {
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Candidate> candidates() {
        return List.of(new Candidate(NAME, true, DESCRIPTION));
    }

    /// Opens the reference backend. It computes on the caller's thread whatever `threads` says.
    @Override
    public Backend open(Candidate candidate, int threads) {
        if (!candidate.name().equals(NAME)) {
            throw new IllegalArgumentException("open: '" + candidate.name() + "' is not the reference backend");
        }
        return new ReferenceBackend();
    }
}
