package org.flowrl.autograd.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// AdamW (Loshchilov and Hutter 2019) with decoupled decay and one joint gradient-norm clip over all its stores.
public final class AdamW {
    /// Added to the norm in the clip factor maxNorm / (norm + 1e-6), as PyTorch's clip_grad_norm_ does.
    private static final double CLIP_EPSILON = 1e-6;

    /// @param beta1 decay of the first moment
    /// @param beta2 decay of the second moment
    /// @param epsilon added to the root of the second moment
    /// @param weightDecay on every parameter, per unit of learning rate
    /// @param maxGradientNorm gradients are scaled down to this joint L2 norm; +∞ turns clipping off
    /// @param moments F32: both moments have the parameters' type; BF16: they take half of F32's memory, while
    ///     parameters (F32 only), gradients and arithmetic stay as they are. A step of the second moment with beta2
    ///     = 0.999 is below half of BF16's last digit: rounded to nearest it would rise and never fall. Both moments
    ///     are rounded by lot instead ({@link org.flowrl.tensor.StochasticRounding}), which is right on average for
    ///     every beta. The price is scatter: with beta2 = 0.999 an element's second moment scatters by 3.5 % (measured
    ///     with normal gradients; at most 9 %: 1 / (1 − beta2²) lots of variance 1/4, of a last digit of 2^-7), beside
    ///     the 3 % by which an average of that many squares scatters anyway; its root, and so the step, by half as much
    public record Settings(double beta1, double beta2, double epsilon, double weightDecay, double maxGradientNorm,
            DType moments) {
        /// Moments of the parameters' type.
        public Settings(double beta1, double beta2, double epsilon, double weightDecay, double maxGradientNorm) {
            this(beta1, beta2, epsilon, weightDecay, maxGradientNorm, DType.F32);
        }

        public Settings {
            if (moments != DType.F32 && moments != DType.BF16) {
                throw new IllegalArgumentException("AdamW: moments " + moments + " must be F32 or BF16");
            }
            if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0 && weightDecay >= 0
                    && maxGradientNorm > 0)) {
                throw new IllegalArgumentException("AdamW: beta1 " + beta1 + ", beta2 " + beta2 + " in [0, 1), epsilon "
                        + epsilon + " > 0, weightDecay " + weightDecay + " ≥ 0, maxGradientNorm " + maxGradientNorm
                        + " > 0");
            }
        }

        /// PyTorch's defaults (0.9, 0.999, 1e-8) without decay, clipped at 1.
        public static Settings defaults() {
            return new Settings(0.9, 0.999, 1e-8, 0, 1);
        }

        /// These settings with another decay.
        public Settings withWeightDecay(double decay) {
            return new Settings(beta1, beta2, epsilon, decay, maxGradientNorm, moments);
        }
    }

    /// A store and what is its own in the update.
    ///
    /// @param store the parameters
    /// @param learningRateFactor multiplies the learning rate
    public record Group(ParameterStore store, double learningRateFactor) {
        public Group {
            if (!(learningRateFactor >= 0 && learningRateFactor < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("AdamW: learningRateFactor " + learningRateFactor
                        + " must be at least 0 and finite");
            }
        }
    }

    /// What an update did.
    ///
    /// @param gradientNorm joint L2 norm before clipping
    /// @param applied false where the norm was not finite: nothing was changed and the gradients were dropped
    public record Result(double gradientNorm, boolean applied) {
    }

    /// @param lots draws the roundings of this store's moments
    private record Moments(Tensor first, Tensor second, RandomKey lots) {
    }

    private final Settings settings;
    private final List<Group> groups;
    private final Map<ParameterStore, Moments> moments = new LinkedHashMap<>();
    private long step;

    /// @param groups of a store each
    /// @param scope holds the moments, two arenas of zeros a store
    /// @param key draws the lots by which moments in BF16 are rounded
    /// @throws IllegalArgumentException where a store is in two groups, or BF16 moments are asked for others than F32
    public AdamW(Settings settings, List<Group> groups, Scope scope, RandomKey key) {
        this.settings = settings;
        this.groups = List.copyOf(groups);
        for (Group group : groups) {
            ParameterStore store = group.store();
            if (settings.moments() == DType.BF16 && store.dtype() != DType.F32) {
                throw new IllegalArgumentException("AdamW: moments BF16 need parameters of F32, not " + store.dtype());
            }
            if (moments.containsKey(store)) {
                throw new IllegalArgumentException("AdamW: a store is in two groups; it must be in one, or each step "
                        + "would update it twice");
            }
            DType type = settings.moments() == DType.BF16 ? DType.BF16 : store.dtype();
            moments.put(store, new Moments(scope.zeros(type, store.elements()), scope.zeros(type, store.elements()),
                    key.fold("moments").fold(moments.size())));
        }
    }

    /// An optimizer that draws from the root key of seed 0.
    public AdamW(Settings settings, List<Group> groups, Scope scope) {
        this(settings, groups, scope, RandomKey.of(0));
    }

    /// One update of every store; zeroes the gradients and repacks the weights.
    public Result step(Gradients gradients, double learningRate) {
        double norm = norm(gradients);
        boolean finite = Double.isFinite(norm);
        if (finite) {
            step++;
            double clip = Math.min(1, settings.maxGradientNorm() / (norm + CLIP_EPSILON));
            for (Group group : groups) {
                ParameterStore store = group.store();
                Moments own = moments.get(store);
                store.backend().optimizer().adamW(store.arena(), gradients.arena(store), own.first(), own.second(),
                        new OptimizerKernels.AdamW(learningRate * group.learningRateFactor(), settings.beta1(),
                                settings.beta2(), settings.epsilon(), settings.weightDecay(), step, clip,
                                own.lots().fold(step)));
                store.repack();
            }
        }
        gradients.zero();
        return new Result(norm, finite);
    }

    /// Updates applied so far.
    public long steps() {
        return step;
    }

    /// The first moment of a store, laid out as its arena.
    public Tensor firstMoment(ParameterStore store) {
        return moments.get(store).first();
    }

    /// The second moment of a store, laid out as its arena.
    public Tensor secondMoment(ParameterStore store) {
        return moments.get(store).second();
    }

    /// Continues a run that had applied `steps` updates; the moments are restored by writing to them.
    public void resume(long steps) {
        if (steps < 0) {
            throw new IllegalArgumentException("AdamW: resume after " + steps + " steps, which must be 0 or more");
        }
        step = steps;
    }

    private double norm(Gradients gradients) {
        double squares = 0;
        for (Group group : groups) {
            squares += group.store().backend().optimizer().squaredNorm(gradients.arena(group.store()));
        }
        return Math.sqrt(squares);
    }
}
