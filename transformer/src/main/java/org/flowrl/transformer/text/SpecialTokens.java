package org.flowrl.transformer.text;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Which tokens play the three roles that generation and batching need; the values are token contents such as
/// `<|im_end|>`.
///
/// @param bos begins a sequence; having one does not mean that encoding adds it, see [Tokenizer#encode(String)]
/// @param eos ends a sequence
/// @param pad fills a batch's shorter rows
public record SpecialTokens(Optional<String> bos, Optional<String> eos, Optional<String> pad) {
    /// Checks that no argument is null.
    public SpecialTokens {
        Objects.requireNonNull(bos, "bos");
        Objects.requireNonNull(eos, "eos");
        Objects.requireNonNull(pad, "pad");
    }

    /// The roles that the names `<bos>`, `<eos>` and `<pad>` take where `contents` has them.
    public static SpecialTokens named(List<String> contents) {
        return new SpecialTokens(among(contents, "<bos>"), among(contents, "<eos>"), among(contents, "<pad>"));
    }

    private static Optional<String> among(List<String> contents, String name) {
        return contents.contains(name) ? Optional.of(name) : Optional.empty();
    }
}
