package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.flowrl.tensor.contract.Numbers;
import org.flowrl.tensor.contract.Paging;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// A decoder block's operations in few calls, beside the same ones one at a time ({@link ComposedKernels}), on the
/// reference backend and on the card itself.
class FusedKernelsTest extends TwoCards {
    /// As {@link org.flowrl.tensor.contract.BackendContract} has it.
    private static final double SUMS = 5e-5;
    /// A number on the border between two of BF16 goes to either, which are 2^-7 of themselves apart.
    private static final double NARROW = 0x1p-7;
    private static final double EPS = 1e-6;
    private static final long SEED = 3;

    /// A call from its inputs to what it wrote.
    @FunctionalInterface
    private interface Call {
        List<Tensor> outputs(FusedKernels kernels, Backend backend, Inputs in);
    }

    /// @param tolerance towards the reference
    /// @param hasBitsOfParts true where the card gives the bits that it gives one operation at a time
    private record Case(String name, double tolerance, boolean hasBitsOfParts, Call call) {
        static Case of(String name, DType type, boolean hasBitsOfParts, Call call) {
            return new Case(name + " " + type, type == DType.BF16 ? NARROW : SUMS, hasBitsOfParts, call);
        }
    }

    private static Stream<Case> cases() {
        return Stream.of(DType.F32, DType.BF16).flatMap(type -> Stream.of(norms(type), products(type), adapters(type),
                heads(type), attention(type), newest(type), gates(type)).flatMap(List::stream));
    }

    private static Tensor operand(Inputs in, DType type, long... dims) {
        Tensor operand = in.scope().allocate(type, dims);
        operand.fillBytes((byte) -1);
        return operand;
    }

    /// Rows of fours and others, of fewer numbers than a block has threads and of more.
    private static List<Case> norms(DType type) {
        List<Case> cases = new ArrayList<>();
        for (int size : new int[] {1, 7, 64, 896, 1030, 3000}) {
            cases.add(Case.of("norm " + size, type, false, (kernels, _, in) -> {
                Tensor out = operand(in, type, 3, size);
                kernels.norm(in.values(3, size), in.values(size), EPS, out);
                return List.of(out);
            }));
        }
        return cases;
    }

    private static PackedMatrix packed(Backend backend, Inputs in, DType type, long outputs, long inputs) {
        return backend.matmul().pack(in.values(outputs, inputs), type, in.scope());
    }

    /// Weights packed together, as far as the backend does, and one beside them.
    private static List<PackedMatrix> together(Backend backend, Inputs in, DType type, long inputs, long... outputs) {
        List<Tensor> weights = new ArrayList<>();
        for (long each : outputs) {
            weights.add(in.values(each, inputs));
        }
        List<PackedMatrix> packed = new ArrayList<>(backend.matmul().packedTogether(
                weights.stream().map(Tensor::shape).toList(), type, in.scope()).orElseGet(() -> weights.stream()
                .map(weight -> backend.matmul().pack(weight, type, in.scope())).toList()));
        for (int i = 0; i < packed.size(); i++) {
            backend.matmul().repack(weights.get(i), packed.get(i));
        }
        packed.add(packed(backend, in, type, 5, inputs));
        return packed;
    }

    private static Tensor rounded(Backend backend, Inputs in, DType type, long... dims) {
        Tensor operand = in.scope().allocate(type, dims);
        backend.elementwise().convert(in.values(dims), operand);
        return operand;
    }

    private static List<Case> products(DType type) {
        List<Case> cases = new ArrayList<>();
        for (long[] outputs : new long[][] {{7, 2, 3}, {1}, {16, 16}}) {
            cases.add(Case.of("products " + outputs.length, type, isEmulated(), (kernels, backend, in) -> {
                List<PackedMatrix> weights = together(backend, in, type, 33, outputs);
                Tensor y = in.junk(4, weights.stream().mapToLong(PackedMatrix::rows).sum());
                kernels.products(rounded(backend, in, type, 4, 33), weights, y);
                return List.of(y);
            }));
        }
        for (boolean hasBias : new boolean[] {false, true}) {
            // A bias is added to the sum here, to the product there.
            cases.add(Case.of("addProduct " + hasBias, type, isEmulated() && !hasBias, (kernels, backend, in) -> {
                Tensor y = in.values(4, 6);
                kernels.addProduct(rounded(backend, in, type, 4, 33), packed(backend, in, type, 6, 33),
                        hasBias ? in.values(6) : null, y);
                return List.of(y);
            }));
        }
        return cases;
    }

    /// Adapters of the first, a middle and the last columns of products, and of all of them.
    private static List<Case> adapters(DType type) {
        List<Case> cases = new ArrayList<>();
        for (int[] place : new int[][] {{0, 4}, {3, 5}, {9, 2}, {0, 11}}) {
            cases.add(Case.of("addLowRank " + Arrays.toString(place), type, isEmulated(), (kernels, backend, in) -> {
                Tensor low = in.junk(4, 3);
                Tensor y = in.values(4, 11);
                kernels.addLowRank(in.values(4, 33), packed(backend, in, type, 3, 33), packed(backend, in, type,
                        place[1], 3), 0.7, low, y, place[0]);
                return List.of(low, y);
            }));
        }
        return type == DType.F32 ? cases : List.of();
    }

    /// The emulated cuBLAS computes an element in one order, whatever lies beside it.
    private static boolean isEmulated() {
        return !Boolean.getBoolean(CudaContract.REAL_CARD);
    }

    private static FusedKernels.Pages pages(Inputs in, Paging paging, int groups, int size) {
        return new FusedKernels.Pages(in.junk(paging.pages(), groups, size, Backend.LANES),
                in.junk(paging.pages(), groups, Backend.LANES, size), paging.slots(), paging.positions(),
                paging.sequences(), paging.table());
    }

    /// Qwen2's biases, Qwen3's norms, neither; sizes of heads that fill lanes and that do not.
    private static List<Case> heads(DType type) {
        List<Case> cases = new ArrayList<>();
        int[][] shapes = {{14, 2, 64}, {2, 2, 6}, {3, 1, 128}, {4, 1, 256}, {2, 1, 70}};
        for (int[] shape : shapes) {
            for (int kind = 0; kind < 3; kind++) {
                boolean hasBias = kind == 1;
                boolean hasNorm = kind == 2;
                // A norm's squares are added in the same order where both halves of a head fill all lanes.
                boolean hasSameOrder = !hasNorm || shape[2] % (2 * Kernels.WARP) == 0;
                cases.add(Case.of("heads " + shape[2] + " " + kind, type, hasSameOrder, (kernels, _, in) ->
                        placed(kernels, in, shape[0], shape[1], shape[2], hasBias, hasNorm)));
            }
        }
        return type == DType.F32 ? cases : List.of();
    }

    /// @param shape H, G, E
    /// @param positions rows of the rotary tables
    private static FusedKernels.HeadTerms terms(Inputs in, int[] shape, int positions, boolean hasBias,
            boolean hasNorm) {
        int size = shape[2];
        Tensor queryBias = hasBias ? in.values((long) shape[0] * size) : null;
        Tensor keyBias = hasBias ? in.values((long) shape[1] * size) : null;
        Tensor valueBias = hasBias ? in.values((long) shape[1] * size) : null;
        return new FusedKernels.HeadTerms(queryBias, keyBias, valueBias, hasNorm ? in.values(size) : null,
                hasNorm ? in.values(size) : null, EPS, in.values(positions, size / 2),
                in.values(positions, size / 2));
    }

    private static List<Tensor> placed(FusedKernels kernels, Inputs in, int heads, int groups, int size,
            boolean hasBias, boolean hasNorm) {
        Paging paging = Paging.of(in, 2, 17, 3);
        FusedKernels.Pages pages = pages(in, paging, groups, size);
        long n = pages.slots().elements();
        FusedKernels.HeadTerms terms = terms(in, new int[] {heads, groups, size}, 20, hasBias, hasNorm);
        Tensor q = in.junk(n, heads, size);
        kernels.placeHeads(in.values(n, (long) (heads + 2 * groups) * size), terms, pages, q);
        return List.of(q, pages.keyPages(), pages.valuePages());
    }

    /// Few keys, which one launch reads, several parts of keys, and prompts, which go over tensor cores.
    private static List<Case> attention(DType type) {
        List<Case> cases = new ArrayList<>();
        for (int[] lengths : new int[][] {{3, 17}, {5, 290}, {1}}) {
            for (int[] shape : new int[][] {{6, 2, 32}, {2, 1, 64}}) {
                // Tensor cores round queries, keys, values and weights, too.
                boolean isOnTensorCores = shape[2] == 64;
                cases.add(new Case("attend " + Arrays.toString(lengths) + " " + shape[2] + " " + type,
                        isOnTensorCores ? CudaContract.BFLOAT16_TOLERANCE : type == DType.BF16 ? NARROW : SUMS, true,
                        (kernels, backend, in) -> {
                    Paging paging = Paging.of(in, 2, lengths);
                    FusedKernels.Pages pages = pages(in, paging, shape[1], shape[2]);
                    long n = paging.slots().elements();
                    backend.attention().writePages(in.values(n, shape[1], shape[2]), in.values(n, shape[1], shape[2]),
                            pages.slots(), pages.keyPages(), pages.valuePages());
                    Tensor out = operand(in, type, n, (long) shape[0] * shape[2]);
                    kernels.attend(in.values(n, shape[0], shape[2]), pages, 0.2, out);
                    return List.of(out);
                }));
            }
        }
        return cases;
    }

    /// The last tokens of sequences of less than a page, of several parts and of one token; head sizes of each kernel,
    /// more query heads of a key head than a block has, one, and as many as leave the last warps something else to do.
    private static List<Case> newest(DType type) {
        List<Case> cases = new ArrayList<>();
        int[][] shapes = {{14, 2, 64}, {9, 1, 32}, {16, 2, 128}, {2, 2, 256}, {3, 1, 6}};
        for (int[] shape : shapes) {
            for (int kind = 0; kind < 3; kind++) {
                boolean hasBias = kind == 1;
                boolean hasNorm = kind == 2;
                boolean hasSameOrder = !hasNorm || shape[2] % (2 * Kernels.WARP) == 0;
                cases.add(Case.of("newest " + Arrays.toString(shape) + " " + kind, type, hasSameOrder,
                        (kernels, _, in) -> newest(kernels, in, type, shape,
                                terms(in, shape, 600, hasBias, hasNorm))));
            }
        }
        return cases;
    }

    private static List<Tensor> newest(FusedKernels kernels, Inputs in, DType type, int[] shape,
            FusedKernels.HeadTerms terms) {
        int[] lengths = {3, 1, 290, 513};
        int heads = shape[0];
        int groups = shape[1];
        int size = shape[2];
        Paging paging = Paging.of(in, 2, lengths);
        int[] last = new int[lengths.length];
        int[] positions = paging.positions().toInts();
        int[] slots = paging.slots().toInts();
        int[] sequences = paging.sequences().toInts();
        for (int row = 0, end = 0; row < lengths.length; row++) {
            end += lengths[row];
            last[row] = end - 1;
        }
        FusedKernels.Pages pages = new FusedKernels.Pages(in.values(paging.pages(), groups, size, Backend.LANES),
                in.values(paging.pages(), groups, Backend.LANES, size),
                in.integers(Arrays.stream(last).map(n -> slots[n]).toArray()),
                in.integers(Arrays.stream(last).map(n -> positions[n]).toArray()),
                in.integers(Arrays.stream(last).map(n -> sequences[n]).toArray()), paging.table());
        Tensor out = operand(in, type, lengths.length, (long) heads * size);
        kernels.attendNewest(in.values(lengths.length, (long) (heads + 2 * groups) * size), terms, pages, 0.2, out);
        return List.of(out, pages.keyPages(), pages.valuePages());
    }

    private static List<Case> gates(DType type) {
        List<Case> cases = new ArrayList<>();
        for (int size : new int[] {1, 6, 44, 1100}) {
            cases.add(Case.of("gates " + size, type, true, (kernels, _, in) -> {
                Tensor out = operand(in, type, 3, size);
                kernels.swiGlu(in.values(3, 2L * size), out);
                return List.of(out);
            }));
        }
        return cases;
    }

    private static Inputs inputs(Scope scope) {
        return new Inputs(scope, DType.F32, Inputs.Range.NORMAL, SEED);
    }

    /// What the case writes, as F32.
    private static List<Tensor> run(Case each, FusedKernels kernels, Backend backend, Scope scope) {
        return each.call.outputs(kernels, backend, inputs(scope)).stream().map(output -> {
            Tensor wide = scope.allocate(DType.F32, output.shape());
            backend.elementwise().convert(output, wide);
            return wide;
        }).toList();
    }

    @TestFactory
    Stream<DynamicTest> fewCallsGiveWhatTheOperationsGiveOneAtATime() {
        return cases().map(each -> DynamicTest.dynamicTest(each.name, () -> check(each)));
    }

    private void check(Case each) {
        try (Scope onCard = Scope.root("card", card.memory()); Scope onOther = Scope.root("other", other.memory());
                Scope onHost = Scope.root("host", reference.memory())) {
            List<Tensor> actual = run(each, card.fused().orElseThrow(), card, onCard);
            Numbers.assertSameBits(each.name + ", threads in another order", actual,
                    run(each, other.fused().orElseThrow(), other, onOther));
            Numbers.assertClose(each.name, run(each, new ComposedKernels(reference, onHost), reference, onHost),
                    actual, each.tolerance);
            if (each.hasBitsOfParts) {
                Numbers.assertSameBits(each.name + ", one at a time",
                        run(each, new ComposedKernels(card, onCard), card, onCard), actual);
            }
        }
    }

    @Test
    void weightsOfBfloat16LieOneAfterTheOther() {
        try (Scope scope = Scope.root("card", card.memory())) {
            List<PackedMatrix> packed = card.matmul().packedTogether(List.of(Shape.of(3, 5), Shape.of(2, 5)),
                    DType.BF16, scope).orElseThrow();
            long first = ((CudaMatmul.Packed) packed.get(0)).values().address();
            assertThat(((CudaMatmul.Packed) packed.get(1)).values().address()).isEqualTo(first + 3 * 5 * 2);
            assertThat(card.matmul().packedTogether(List.of(Shape.of(3, 5)), DType.F32, scope)).isEmpty();
        }
    }

    /// A call that is refused at once, or at the next wait.
    @TestFactory
    Stream<DynamicTest> wrongArgumentsAreRefusedByName() {
        record Refusal(String message, Call call) {
        }
        return Stream.of(
                new Refusal("fused norm: weight", (kernels, _, in) -> {
                    kernels.norm(in.values(2, 3), in.values(2), EPS, in.junk(2, 3));
                    return List.of();
                }),
                new Refusal("fused norm: operand", (kernels, _, in) -> {
                    kernels.norm(in.values(2, 3), in.values(3), EPS, in.integers(1, 2));
                    return List.of();
                }),
                new Refusal("fused products: operand", (kernels, backend, in) -> {
                    kernels.products(in.values(2, 3), List.of(packed(backend, in, DType.BF16, 4, 3)), in.junk(2, 4));
                    return List.of();
                }),
                new Refusal("fused products: y", (kernels, backend, in) -> {
                    kernels.products(in.values(2, 3), List.of(packed(backend, in, DType.F32, 4, 3)), in.junk(2, 5));
                    return List.of();
                }),
                new Refusal("fused addProduct: bias", (kernels, backend, in) -> {
                    kernels.addProduct(in.values(2, 3), packed(backend, in, DType.F32, 4, 3), in.values(3),
                            in.values(2, 4));
                    return List.of();
                }),
                new Refusal("fused addLowRank: x", (kernels, backend, in) -> {
                    kernels.addLowRank(in.values(2, 3), packed(backend, in, DType.BF16, 1, 3), packed(backend, in,
                            DType.F32, 4, 1), 1, in.junk(2, 1), in.values(2, 4), 0);
                    return List.of();
                }),
                new Refusal("fused addLowRank: column 1.0 must leave 4 of", (kernels, backend, in) -> {
                    kernels.addLowRank(in.values(2, 3), packed(backend, in, DType.F32, 1, 3), packed(backend, in,
                            DType.F32, 4, 1), 1, in.junk(2, 1), in.values(2, 4), 1);
                    return List.of();
                }),
                new Refusal("fused placeHeads: projected", (kernels, _, in) -> {
                    FusedKernels.Pages pages = pages(in, Paging.of(in, 0, 2), 1, 4);
                    kernels.placeHeads(in.values(2, 16), new FusedKernels.HeadTerms(null, null, null, null, null, EPS,
                            in.values(2, 2), in.values(2, 2)), pages, in.junk(2, 1, 4));
                    return List.of();
                }),
                new Refusal("rope: positions[1] = 1", (kernels, _, in) -> {
                    FusedKernels.Pages pages = pages(in, Paging.of(in, 0, 2), 1, 4);
                    kernels.placeHeads(in.values(2, 12), new FusedKernels.HeadTerms(null, null, null, null, null, EPS,
                            in.values(1, 2), in.values(1, 2)), pages, in.junk(2, 1, 4));
                    return List.of();
                }),
                new Refusal("attention writePages: slots[0] = 16", (kernels, _, in) -> {
                    FusedKernels.Pages pages = pages(in, Paging.of(in, 0, 1), 1, 4);
                    kernels.placeHeads(in.values(1, 12), new FusedKernels.HeadTerms(null, null, null, null, null, EPS,
                            in.values(1, 2), in.values(1, 2)), new FusedKernels.Pages(pages.keyPages(),
                            pages.valuePages(), in.integers(16), pages.positions(), pages.sequences(),
                            pages.pageTable()), in.junk(1, 1, 4));
                    return List.of();
                }),
                new Refusal("fused attendNewest: projected", (kernels, _, in) -> {
                    FusedKernels.Pages pages = pages(in, Paging.of(in, 0, 1), 1, 4);
                    kernels.attendNewest(in.values(1, 10), new FusedKernels.HeadTerms(null, null, null, null, null,
                            EPS, in.values(2, 2), in.values(2, 2)), pages, 1, in.junk(1, 4));
                    return List.of();
                }),
                new Refusal("fused attendNewest: operand", (kernels, _, in) -> {
                    FusedKernels.Pages pages = pages(in, Paging.of(in, 0, 1), 1, 4);
                    kernels.attendNewest(in.values(1, 12), new FusedKernels.HeadTerms(null, null, null, null, null,
                            EPS, in.values(2, 2), in.values(2, 2)), pages, 1, in.junk(1, 8));
                    return List.of();
                }),
                new Refusal("rope: positions[1] = 1", (kernels, _, in) -> {
                    FusedKernels.Pages pages = pages(in, Paging.of(in, 0, 2), 1, 4);
                    kernels.attendNewest(in.values(2, 12), new FusedKernels.HeadTerms(null, null, null, null, null,
                            EPS, in.values(1, 2), in.values(1, 2)), pages, 1, in.junk(2, 4));
                    return List.of();
                }),
                new Refusal("fused swiGlu: projected", (kernels, _, in) -> {
                    kernels.swiGlu(in.values(2, 5), in.junk(2, 2));
                    return List.of();
                })).map(refusal -> DynamicTest.dynamicTest(refusal.message, () -> {
                    try (Scope scope = Scope.root("card", card.memory())) {
                        assertThatIllegalArgumentException().isThrownBy(() -> {
                            refusal.call.outputs(card.fused().orElseThrow(), card, inputs(scope));
                            scope.zeros(DType.F32, 1).toFloats();
                        }).withMessageStartingWith(refusal.message);
                    }
                }));
    }
}
