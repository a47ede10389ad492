package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.autograd.Tape;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KvCacheTest {
    private final Backend backend = Backends.open("reference", 1).backend();
    private final Scope scope = Scope.root("test", backend.memory());
    private final KvCache cache = new KvCache(TinyConfigs.qwen2(), DType.F32, scope, 5);

    @AfterEach
    void close() {
        scope.close();
        backend.close();
    }

    private CacheBatch append(int sequence, int count) {
        return cache.prepare(scope, new int[] {sequence}, new int[][] {new int[count]});
    }

    @Test
    void tokensGoToTheLanesOfTheirPages() {
        int a = cache.open();
        int b = cache.open();
        CacheBatch batch = cache.prepare(scope, new int[] {b, a}, new int[][] {new int[17], {3, 4}});
        assertThat(batch.slots().toInts()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                32, 33);
        assertThat(batch.sequences().toInts()).startsWith(0, 0).endsWith(0, 1, 1);
        assertThat(batch.pageTable().shape().toArray()).containsExactly(2, 2);
        assertThat(batch.pageTable().toInts()).containsExactly(0, 1, 2, 0);
        assertThat(batch.lastRows()).containsExactly(16, 18);
        assertThat(batch.longest()).isEqualTo(17);
        CacheBatch more = append(a, 1);
        assertThat(more.positions().toInts()).containsExactly(2);
        assertThat(more.slots().toInts()).containsExactly(34);
        assertThat(cache.length(a)).isEqualTo(3);
    }

    @Test
    void aForkSharesFullPagesAndCopiesThePartialOne() {
        int base = cache.open();
        append(base, 33);
        assertThat(cache.freePages()).isEqualTo(2);
        int fork = cache.fork(base);
        assertThat(cache.freePages()).isEqualTo(1);
        assertThat(append(fork, 1).pageTable().toInts()).containsExactly(0, 1, 3);
        assertThat(append(base, 1).pageTable().toInts()).containsExactly(0, 1, 2);
        cache.close(base);
        assertThat(cache.freePages()).isEqualTo(2);
        cache.close(fork);
        assertThat(cache.freePages()).isEqualTo(5);
        assertThatIllegalArgumentException().isThrownBy(() -> cache.length(fork))
                .withMessage("kv cache: sequence 1 is not open");
    }

    /// Of every layer, keys and values. What is read of lanes that nobody has written counts nothing: AttentionCases.
    @Test
    void aForkHasACopyOfThePartlyFilledPage() {
        List<Tensor> pages = IntStream.range(0, TinyConfigs.qwen2().numHiddenLayers()).boxed()
                .flatMap(layer -> Stream.of(cache.keyPages(layer), cache.valuePages(layer))).toList();
        pages.forEach(tensor -> backend.elementwise().fill(tensor, 7));
        int base = cache.open();
        append(base, 1);
        pages.forEach(tensor -> backend.elementwise().fill(tensor.slice(0, 1), 3));
        cache.fork(base);
        assertThat(pages).allSatisfy(tensor -> {
            assertThat(tensor.slice(0, 2).toFloats()).containsOnly(3);
            assertThat(tensor.slice(2, 3).toFloats()).containsOnly(7);
        });
    }

    @Test
    void aFullCacheRefusesAndChangesNothing() {
        int a = cache.open();
        append(a, 70);
        int b = cache.open();
        assertThatIllegalStateException().isThrownBy(() -> append(b, 1))
                .withMessage("kv cache: 1 pages of 16 tokens are needed, 0 of 5 are free");
        assertThatIllegalStateException().isThrownBy(() -> cache.fork(a));
        assertThat(cache.length(b)).isZero();
        append(a, 10);
        cache.close(a);
        assertThat(append(b, 80).longest()).isEqualTo(80);
    }

    @Test
    void wrongRequestsAreRefused() {
        int a = cache.open();
        assertThatIllegalArgumentException().isThrownBy(() -> append(a, 0))
                .withMessage("kv cache: sequence 0 must get at least one token");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cache.prepare(scope, new int[] {a, a}, new int[][] {{1}, {2}}))
                .withMessage("kv cache: sequence 0 must be named once");
        assertThatIllegalArgumentException().isThrownBy(() -> append(7, 1))
                .withMessage("kv cache: sequence 7 is not open");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KvCache(TinyConfigs.qwen2(), DType.F32, scope, 0))
                .withMessageStartingWith("kv cache: 0 pages must be in 1 … ");
        try (ModelFixture fixture = ModelFixture.random(TinyConfigs.qwen2(), "reference", 1, DType.F32, 1);
                Tape tape = Tape.recording(fixture.backend(), fixture.scope())) {
            CacheBatch batch = append(a, 1);
            assertThatIllegalArgumentException().isThrownBy(() -> fixture.model().forward(tape, batch))
                    .withMessage("qwen: a cached forward pass needs a tape of inference");
        }
    }

    /// 2 · 2 layers · 2 heads · 8 elements · 16 tokens · 4 bytes · 5 pages; the pool hands out the next size class.
    @Test
    void bytesAreKnownBeforehand() {
        assertThat(KvCache.bytes(TinyConfigs.qwen2(), DType.F32, 5)).isEqualTo(20_480);
        long before = backend.memory().bytesInUse();
        new KvCache(TinyConfigs.qwen2(), DType.F32, scope, 16);
        assertThat(backend.memory().bytesInUse() - before)
                .isEqualTo(KvCache.bytes(TinyConfigs.qwen2(), DType.F32, 16));
    }

    @Test
    void sequencesBeyondTheModelsPositionsAreRefused() {
        QwenConfig config = QwenConfig.tiny(9, 32, 1, 20);
        try (ModelFixture fixture = ModelFixture.random(config, "reference", 1, DType.F32, 1);
                Tape tape = Tape.inference(fixture.backend(), fixture.scope())) {
            PackedSequences tokens = PackedSequences.of(tape.scope(), List.of(new int[21]));
            assertThatIllegalArgumentException().isThrownBy(() -> fixture.model().forward(tape, tokens))
                    .withMessage("qwen: a sequence of 21 tokens must not exceed max_position_embeddings 20");
        }
    }
}
