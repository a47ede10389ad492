package org.flowrl.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import org.flowrl.tensor.BackendProvider;
import org.flowrl.tensor.Backends;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `devices`: what can compute here, and why the rest cannot.
@Command(name = "devices", mixinStandardHelpOptions = true,
        description = "List what can compute here, and why the rest cannot.")
final class DevicesCommand implements Callable<Integer> {
    @Mixin
    private CardOptions card;

    @Override
    public Integer call() {
        card.take();
        for (BackendProvider.Candidate candidate : Backends.candidates()) {
            System.out.printf(Locale.ROOT, "%-10s %-12s %s%n", candidate.name(),
                    candidate.available() ? "available" : "unavailable", candidate.reason());
        }
        return 0;
    }
}
