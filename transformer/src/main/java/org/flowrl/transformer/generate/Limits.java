package org.flowrl.transformer.generate;

/// What a generation may hold at a time. None of it changes a bit of the result on a row-invariant backend.
///
/// @param rows samples that are decoded together at most
/// @param prefillTokens prompt tokens of one forward pass at most; longer prompts go in parts
/// @param cacheBytes of the key-value cache at most
public record Limits(int rows, int prefillTokens, long cacheBytes) {
    public Limits {
        if (rows < 1 || prefillTokens < 1 || cacheBytes < 1) {
            throw new IllegalArgumentException("limits: rows " + rows + ", prefillTokens " + prefillTokens
                    + ", cacheBytes " + cacheBytes + " must be at least 1");
        }
    }

    /// 512 rows, 2,048 prompt tokens, 2 GiB.
    public static Limits defaults() {
        return new Limits(512, 2048, 2L << 30);
    }
}
