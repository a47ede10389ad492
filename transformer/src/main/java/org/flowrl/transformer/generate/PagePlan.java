package org.flowrl.transformer.generate;

import java.util.List;
import org.flowrl.tensor.DType;
import org.flowrl.transformer.KvCache;
import org.flowrl.transformer.QwenConfig;

/// Books cache pages at their worst case before work on them begins, so that no running sample ever waits for one.
final class PagePlan {
    private final int capacity;
    private int booked;

    PagePlan(int capacity) {
        this.capacity = capacity;
    }

    /// Pages for the whole request, or as many as the limits ask for.
    ///
    /// @throws IllegalArgumentException where the limit does not hold one sample of the longest prompt
    static int capacity(List<PromptState> prompts, QwenConfig config, DType dtype, Limits limits) {
        long all = 0;
        long mostPrompt = 0;
        long mostSample = 0;
        long least = 0;
        for (PromptState prompt : prompts) {
            all += prompt.promptPages() + (long) prompt.samples() * prompt.samplePages();
            mostPrompt = Math.max(mostPrompt, prompt.promptPages());
            mostSample = Math.max(mostSample, prompt.samplePages());
            least = Math.max(least, (long) prompt.promptPages() + prompt.samplePages());
        }
        // One prompt more than there are rows: the samples of the next prompt are begun while those of others run.
        long together = limits.rows() * mostSample + (limits.rows() + 1L) * mostPrompt;
        long allowed = limits.cacheBytes() / KvCache.bytes(config, dtype, 1);
        if (least > allowed) {
            throw new IllegalArgumentException("generate: one sample of the longest prompt needs a cache of "
                    + least * KvCache.bytes(config, dtype, 1) + " bytes, the limit is " + limits.cacheBytes());
        }
        return (int) Math.min(Integer.MAX_VALUE / KvCache.PAGE_TOKENS, Math.min(allowed, Math.min(all, together)));
    }

    /// True where this many pages are not booked.
    boolean hasRoom(long pages) {
        return booked + pages <= capacity;
    }

    void book(int pages) {
        booked += pages;
    }

    void release(int pages) {
        booked -= pages;
    }
}
