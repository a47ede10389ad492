package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScopeTest {
    private final Memory memory = Memory.ofHost();

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void closingAScopeEndsItsTensorsAndNamesItself() {
        Tensor tensor;
        Tensor view;
        try (Scope run = Scope.root("run", memory); Scope step = run.child("step")) {
            tensor = step.zeros(DType.F32, 2, 3);
            view = tensor.reshape(6).slice(1, 2);
        }
        for (Tensor ended : List.of(tensor, view)) {
            assertThatIllegalStateException().isThrownBy(() -> ended.get(0)).withMessageContaining("run/step");
            assertThatIllegalStateException().isThrownBy(ended::address).withMessageContaining("run/step");
            assertThatIllegalStateException().isThrownBy(ended::toFloats).withMessageContaining("run/step");
        }
        assertThat(memory.bytesInUse()).isZero();
    }

    @Test
    void aTensorThatOutlivedItsScopeDoesNotSeeTheNextOnesMemory() {
        Tensor old;
        try (Scope first = Scope.root("first", memory)) {
            old = first.zeros(DType.F32, 4);
        }
        try (Scope second = Scope.root("second", memory)) {
            second.zeros(DType.F32, 4);
            assertThat(memory.systemAllocations()).isEqualTo(1);
            assertThatIllegalStateException().isThrownBy(() -> old.set(0, 1)).withMessageContaining("first");
        }
    }

    @Test
    void scopesAreClosedInnermostFirst() {
        try (Scope run = Scope.root("run", memory)) {
            try (Scope step = run.child("step")) {
                assertThatIllegalStateException().isThrownBy(run::close).withMessageContaining("'run'")
                        .withMessageContaining("1 open");
                assertThat(step.isOpen()).isTrue();
            }
            assertThat(run.isOpen()).isTrue();
        }
    }

    @Test
    void aClosedScopeAllocatesNothingAndClosesTwiceInPeace() {
        Scope scope = Scope.root("run", memory);
        scope.close();
        scope.close();
        assertThat(scope.isOpen()).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> scope.allocate(DType.F32, 1)).withMessageContaining("run");
        assertThatIllegalStateException().isThrownBy(() -> scope.child("step")).withMessageContaining("run");
    }

    @Test
    void anAdoptedTensorOutlivesTheScopeThatMadeItWithoutACopy() {
        try (Scope run = Scope.root("run", memory)) {
            Tensor kept;
            Tensor view;
            Tensor dropped;
            try (Scope step = run.child("step"); Scope part = step.child("part")) {
                Tensor first = part.zeros(DType.F32, 3);
                Tensor made = part.of(new float[] {1, 2}, 2);
                dropped = part.zeros(DType.F32, 5);
                view = made.slice(1, 1);
                long address = made.address();
                kept = run.adopt(made);
                assertThat(kept.address()).isEqualTo(address);
                assertThat(kept.scope()).isSameAs(run);
                assertThatIllegalArgumentException().isThrownBy(() -> part.release(made)).withMessageContaining("run");
                part.release(first);
            }
            assertThat(kept.toFloats()).containsExactly(1, 2);
            assertThat(view.toFloats()).containsExactly(2);
            assertThatIllegalStateException().isThrownBy(dropped::toFloats).withMessageContaining("part");
            run.release(kept);
            assertThat(memory.bytesInUse()).isZero();
        }
    }

    @Test
    void whatLivesLongEnoughIsAdoptedWhereItIsAndWhatHasNoScopeInCommonIsNot() {
        try (Scope run = Scope.root("run", memory); Scope other = Scope.root("other", memory)) {
            Tensor own = run.zeros(DType.F32, 2);
            try (Scope step = run.child("step")) {
                assertThat(step.adopt(own).scope()).isSameAs(run);
                assertThat(run.adopt(own).scope()).isSameAs(run);
                Tensor inner = step.zeros(DType.F32, 2);
                assertThatIllegalArgumentException().isThrownBy(() -> other.adopt(inner))
                        .withMessageContaining("run/step").withMessageContaining("other");
                step.release(inner);
                assertThatIllegalStateException().isThrownBy(() -> run.adopt(inner)).withMessageContaining("ended");
            }
        }
    }

    @Test
    void releasedTensorsEndAloneAndTheirMemoryIsReusedAtOnce() {
        try (Scope scope = Scope.root("run", memory)) {
            List<Tensor> tensors = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                tensors.add(scope.of(new float[] {i}, 1));
            }
            long address = tensors.get(1).address();
            scope.release(tensors.get(1));
            scope.release(tensors.get(1));
            scope.release(tensors.get(3));
            assertThatIllegalStateException().isThrownBy(() -> tensors.get(1).get(0));
            assertThat(tensors.get(0).item()).isEqualTo(0);
            assertThat(tensors.get(2).item()).isEqualTo(2);
            scope.allocate(DType.F32, 1);
            assertThat(scope.allocate(DType.F32, 1).address()).isEqualTo(address);
            assertThat(memory.systemAllocations()).isEqualTo(4);
        }
        assertThat(memory.bytesInUse()).isZero();
    }

    @Test
    void onlyTheOwnerReleases() {
        try (Scope run = Scope.root("run", memory); Scope step = run.child("step")) {
            Tensor tensor = run.zeros(DType.F32, 1);
            assertThatIllegalArgumentException().isThrownBy(() -> step.release(tensor))
                    .withMessageContaining("run/step");
        }
    }

    @Test
    void freshMemoryReadsAsNaN() {
        try (Scope scope = Scope.root("run", memory)) {
            assertThat(scope.allocate(DType.F32, 3).toFloats()).containsOnly(Float.NaN);
            assertThat(scope.allocate(DType.F64, 3).toDoubles()).containsOnly(Double.NaN);
        }
    }

    @Test
    void aWarmLoopAsksTheSystemForNothing() {
        for (int step = 0; step < 3; step++) {
            try (Scope scope = Scope.root("step", memory)) {
                for (int size : new int[] {1000, 10, 5000}) {
                    scope.allocate(DType.F32, size);
                }
            }
            assertThat(memory.systemAllocations()).isEqualTo(3);
        }
    }

    @Test
    void closingActionsRunLatestFirst() {
        List<String> order = new ArrayList<>();
        try (Scope scope = Scope.root("run", memory)) {
            scope.onClose(() -> order.add("first"));
            scope.onClose(() -> order.add("second"));
        }
        assertThat(order).containsExactly("second", "first");
    }

    @Test
    void wrappedMemoryIsSharedAndNotPooled() {
        try (Arena arena = Arena.ofConfined(); Scope scope = Scope.root("run", memory)) {
            MemorySegment file = arena.allocate(9, 1).asSlice(1);
            Tensor tensor = scope.wrap(file, DType.F32, Shape.of(2));
            tensor.set(1, 2.5);
            assertThat(tensor.toFloats()).containsExactly(0, 2.5f);
            assertThat(memory.bytesInUse()).isZero();
            assertThatIllegalArgumentException().isThrownBy(() -> scope.wrap(file, DType.F32, Shape.of(3)))
                    .withMessageContaining("8 bytes").withMessageContaining("F32[3]");
        }
        assertThat(memory.bytesReserved()).isZero();
    }

    /// All actions run, the latest first, whatever they throw; the first failure has the others.
    @Test
    void aFailureAtTheEndLeavesNothingOpen() {
        List<String> ended = new ArrayList<>();
        try (Memory memory = Memory.ofHost()) {
            Scope outer = Scope.root("outer", memory);
            Scope inner = outer.child("inner");
            inner.onClose(() -> ended.add("first"));
            inner.onClose(() -> {
                throw new IllegalStateException("second");
            });
            inner.onClose(() -> ended.add("third"));
            inner.onClose(() -> {
                throw new AssertionError("fourth");
            });
            assertThatThrownBy(inner::close).isInstanceOf(AssertionError.class).hasMessage("fourth")
                    .satisfies(failure -> assertThat(failure.getSuppressed()).singleElement()
                            .isInstanceOf(IllegalStateException.class));
            outer.close();
        }
        assertThat(ended).containsExactly("third", "first");
    }
}
