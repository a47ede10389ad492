package org.flowrl.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/// How a card is used, as `--set gpu.KEY=VALUE`, in commands that have no configuration whose keys `--set` could set.
final class CardOptions {
    @Option(names = "--set", paramLabel = "gpu.KEY=VALUE",
            description = "How a card is used. Repeatable." + CardSettings.KEYS)
    private Map<String, String> settings = new LinkedHashMap<>();

    /// Makes them hold from here on; to be called before a card is looked for.
    ///
    /// @throws IllegalArgumentException where a key is no card's or a value does not fit; nothing is set
    void take() {
        CardSettings.takeAll(settings);
    }
}
