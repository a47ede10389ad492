package org.flowrl.tensor;

/// Element by element; all tensors of a call have the same number of elements unless said otherwise. An output may be
/// the same tensor as an input.
public interface ElementwiseKernels {
    /// Functions of one element.
    enum Unary {
        NEGATE, SQUARE, SQUARE_ROOT,
        /// 1 / x.
        RECIPROCAL, ABSOLUTE,
        /// e^x by the contract's own polynomial (F32) or StrictMath (F64).
        EXP,
        /// Natural logarithm by StrictMath in F64, rounded to the type.
        LOG,
        /// x · Φ(x), the exact (erf) form of Hendrycks and Gimpel 2016, in F64, rounded to the type.
        GELU,
        /// The derivative of {@link #GELU}: Φ(x) + x · φ(x), in F64, rounded to the type.
        GELU_DERIVATIVE,
        /// 1 where x > 0, else 0.
        STEP
    }

    /// Functions of two elements.
    enum Binary {
        ADD, SUBTRACT, MULTIPLY, DIVIDE,
        /// NaN where one of the two is NaN; −0 is below +0. So {@link #MAXIMUM}.
        MINIMUM, MAXIMUM,
        /// 1 where a > b, else 0.
        GREATER
    }

    /// Overwrites y = f(x).
    void unary(Unary f, Tensor x, Tensor y);

    /// Overwrites y = f(a, b).
    void binary(Binary f, Tensor a, Tensor b, Tensor y);

    /// Overwrites y = fma(x, scale, shift).
    void affine(Tensor x, double scale, double shift, Tensor y);

    /// Adds: y = fma(x, alpha, y).
    void addScaled(double alpha, Tensor x, Tensor y);

    /// Overwrites y = min(max(x, low), high); NaN stays NaN.
    void clamp(Tensor x, double low, double high, Tensor y);

    /// Overwrites every element.
    void fill(Tensor x, double value);

    /// Overwrites sum [1] with Σ x: each chunk of {@link Backend#CHUNK} elements over sixteen lanes, chunk sums added
    /// in order, starting from the first chunk's sum; +0 where x is empty.
    void sum(Tensor x, Tensor sum);

    /// Overwrites `to` with `from` in another floating type, or the same one, rounded once to nearest even.
    void convert(Tensor from, Tensor to);

    /// SwiGLU (Shazeer 2020): overwrites out = (gate / (1 + exp(−gate))) · up.
    void swiGlu(Tensor gate, Tensor up, Tensor out);

    /// Overwrites dgate and dup.
    /// ```
    /// σ = 1 / (1 + exp(−gate))     dup = dout · (gate · σ)     dgate = (dout · up) · (σ · (1 + gate · (1 − σ)))
    /// ```
    void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup);

    /// Overwrites mask with 1 / keep where key.uniform(i) < keep, else 0: the multiplier of inverted dropout.
    ///
    /// @param keep in (0, 1]
    void dropoutMask(RandomKey key, double keep, Tensor mask);
}
