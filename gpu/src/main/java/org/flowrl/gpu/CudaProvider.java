package org.flowrl.gpu;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;

/// Offers the cards that the NVIDIA driver knows, or says why there are none.
public final class CudaProvider implements BackendProvider {
    private static final String PREFIX = Card.NAME + ":";

    @Override
    public String name() {
        return Card.NAME;
    }

    /// Each card; one unavailable `cuda:0` with the reason where there is none.
    @Override
    public List<Candidate> candidates() {
        try (CudaApi api = CudaBinding.open()) {
            int count = api.deviceCount();
            return count == 0 ? unavailable("the driver knows no card") : IntStream.range(0, count)
                    .mapToObj(index -> new Candidate(PREFIX + index, true, String.format(Locale.ROOT,
                            "%s, %,d MiB", api.deviceName(index), api.totalBytes(index) >> 20))).toList();
        } catch (CudaLibrary.MissingLibraryException | CudaException | IllegalArgumentException e) {
            return unavailable(e.getMessage());
        }
    }

    private static List<Candidate> unavailable(String reason) {
        return List.of(new Candidate(PREFIX + 0, false, "no GPU: " + reason));
    }

    /// Opens a card. `threads` does not matter: the host only asks for work.
    @Override
    public Backend open(Candidate candidate, int threads) {
        if (!candidate.available() || !candidate.name().startsWith(PREFIX)) {
            throw new IllegalArgumentException("open: '" + candidate.name() + "' is not an available card");
        }
        int index = Integer.parseInt(candidate.name().substring(PREFIX.length()));
        return new CudaBackend(CudaBinding.open(), index);
    }
}
