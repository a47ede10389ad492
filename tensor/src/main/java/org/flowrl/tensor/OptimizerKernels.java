package org.flowrl.tensor;

/// Kernels over flat arenas of parameters, gradients and moments.
public interface OptimizerKernels {
    /// Settings of one AdamW update.
    ///
    /// @param learningRate the step size of this update
    /// @param beta1 decay of the first moment
    /// @param beta2 decay of the second moment
    /// @param epsilon added to the root of the second moment
    /// @param weightDecay decoupled decay, per unit of learning rate
    /// @param step the number of this update, counted from 1, for bias correction
    /// @param gradientScale factor on every gradient before it is used (clipping)
    /// @param rounding draws the lots by which moments are rounded to BF16; another for every update and arena
    record AdamW(double learningRate, double beta1, double beta2, double epsilon, double weightDecay, long step,
            double gradientScale, RandomKey rounding) {
        /// An update of moments that are not rounded by lot.
        public AdamW(double learningRate, double beta1, double beta2, double epsilon, double weightDecay, long step,
                double gradientScale) {
            this(learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale, RandomKey.of(0));
        }
    }

    /// The scalars of one update in F32, each computed in F64 and rounded once.
    ///
    /// @param gain1 1 − beta1
    /// @param gain2 1 − beta2
    /// @param decay 1 − learningRate · weightDecay
    /// @param stepSize learningRate / (1 − beta1^step)
    /// @param rootCorrection sqrt(1 − beta2^step)
    record Factors(float gradientScale, float gain1, float gain2, float beta2, float decay, float stepSize,
            float rootCorrection, float epsilon) {
        /// Those of one update.
        public static Factors of(AdamW settings) {
            return new Factors((float) settings.gradientScale(), (float) (1 - settings.beta1()),
                    (float) (1 - settings.beta2()), (float) settings.beta2(),
                    (float) (1 - settings.learningRate() * settings.weightDecay()),
                    (float) (settings.learningRate() / (1 - StrictMath.pow(settings.beta1(), settings.step()))),
                    (float) Math.sqrt(1 - StrictMath.pow(settings.beta2(), settings.step())),
                    (float) settings.epsilon());
        }
    }

    /// One AdamW update (Loshchilov and Hutter 2019, PyTorch's order of operations): overwrites w, m and v `[P]`.
    /// ```
    /// g = gradient · gradientScale
    /// m = fma(g − m, 1 − beta1, m)          v = fma(g·g, 1 − beta2, v · beta2)
    /// w = w · (1 − learningRate · weightDecay)
    /// w = w − (learningRate / (1 − beta1^step)) · (m / (sqrt(v) / sqrt(1 − beta2^step) + epsilon))
    /// ```
    /// Scalars are computed in F64 (powers by StrictMath.pow) and rounded to the type once: gradientScale, 1 − beta1,
    /// 1 − beta2, beta2, 1 − learningRate · weightDecay, learningRate / (1 − beta1^step), sqrt(1 − beta2^step),
    /// epsilon.
    ///
    /// Beside F32 weights, both moments may be BF16. They are then widened (exact), the update is computed in F32 as
    /// above, w included, and last m and v are rounded by lot ({@link StochasticRounding}): with
    /// `bits(settings.rounding(), i)` for element i, m by the upper and v by the lower 16 of them.
    void adamW(Tensor w, Tensor gradient, Tensor m, Tensor v, AdamW settings);

    /// Σ x²: each chunk of {@link Backend#CHUNK} elements over sixteen lanes by fma(x, x, lane) in the tensor's type,
    /// chunk sums added in order in F64. NaN or infinite where an element is.
    double squaredNorm(Tensor x);
}
