package org.flowrl.autograd.ops;

import org.flowrl.autograd.Var;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.ElementwiseKernels.Binary;
import org.flowrl.tensor.ElementwiseKernels.Unary;
import org.flowrl.tensor.Tensor;

/// Arithmetic element by element; both operands of a binary op have the same shape.
public final class Pointwise {
    private Pointwise() {
    }

    /// a + b.
    public static Var add(Var a, Var b) {
        return a.tape().record(compute(Binary.ADD, a, b), (dy, adjoints) -> {
            adjoints.pass(a, dy);
            adjoints.pass(b, dy);
        }, a, b);
    }

    /// a − b.
    public static Var subtract(Var a, Var b) {
        return a.tape().record(compute(Binary.SUBTRACT, a, b), (dy, adjoints) -> {
            adjoints.pass(a, dy);
            adjoints.add(b, db -> kernels(b).unary(Unary.NEGATE, dy, db));
        }, a, b);
    }

    /// a · b.
    public static Var multiply(Var a, Var b) {
        return a.tape().record(compute(Binary.MULTIPLY, a, b), (dy, adjoints) -> {
            adjoints.add(a, da -> kernels(a).binary(Binary.MULTIPLY, dy, b.value(), da));
            adjoints.add(b, db -> kernels(b).binary(Binary.MULTIPLY, dy, a.value(), db));
        }, a, b);
    }

    /// a / b. Gradient: da = dy / b, db = −(dy / b) · (a / b).
    public static Var divide(Var a, Var b) {
        Tensor y = compute(Binary.DIVIDE, a, b);
        return a.tape().record(y, (dy, adjoints) -> {
            adjoints.add(a, da -> kernels(a).binary(Binary.DIVIDE, dy, b.value(), da));
            adjoints.add(b, db -> {
                kernels(b).binary(Binary.DIVIDE, dy, b.value(), db);
                kernels(b).binary(Binary.MULTIPLY, db, y, db);
                kernels(b).unary(Unary.NEGATE, db, db);
            });
        }, a, b);
    }

    /// The smaller of a and b. The gradient goes to the smaller; where they are equal, to `a`.
    public static Var minimum(Var a, Var b) {
        return select(Binary.MINIMUM, a, b, a, b);
    }

    /// The larger of a and b. The gradient goes to the larger; where they are equal, to `a`.
    public static Var maximum(Var a, Var b) {
        return select(Binary.MAXIMUM, a, b, b, a);
    }

    /// x · scale + shift.
    public static Var affine(Var x, double scale, double shift) {
        Tensor y = x.tape().like(x.value());
        kernels(x).affine(x.value(), scale, shift, y);
        return x.tape().record(y, (dy, adjoints) ->
                adjoints.add(x, dx -> kernels(x).affine(dy, scale, 0, dx)), x);
    }

    /// x · factor.
    public static Var scale(Var x, double factor) {
        return affine(x, factor, 0);
    }

    /// −x.
    public static Var negate(Var x) {
        Tensor y = compute(Unary.NEGATE, x);
        return x.tape().record(y, (dy, adjoints) ->
                adjoints.add(x, dx -> kernels(x).unary(Unary.NEGATE, dy, dx)), x);
    }

    /// x².
    public static Var square(Var x) {
        return x.tape().record(compute(Unary.SQUARE, x), (dy, adjoints) -> adjoints.add(x, dx -> {
            kernels(x).affine(x.value(), 2, 0, dx);
            kernels(x).binary(Binary.MULTIPLY, dx, dy, dx);
        }), x);
    }

    /// The square root of x.
    public static Var squareRoot(Var x) {
        Tensor y = compute(Unary.SQUARE_ROOT, x);
        return x.tape().record(y, (dy, adjoints) -> adjoints.add(x, dx -> {
            kernels(x).affine(y, 2, 0, dx);
            kernels(x).binary(Binary.DIVIDE, dy, dx, dx);
        }), x);
    }

    /// e^x.
    public static Var exp(Var x) {
        Tensor y = compute(Unary.EXP, x);
        return x.tape().record(y, (dy, adjoints) ->
                adjoints.add(x, dx -> kernels(x).binary(Binary.MULTIPLY, dy, y, dx)), x);
    }

    /// The natural logarithm of x.
    public static Var log(Var x) {
        return x.tape().record(compute(Unary.LOG, x), (dy, adjoints) ->
                adjoints.add(x, dx -> kernels(x).binary(Binary.DIVIDE, dy, x.value(), dx)), x);
    }

    /// |x|, with gradient 0 at 0.
    public static Var absolute(Var x) {
        return x.tape().record(compute(Unary.ABSOLUTE, x), (dy, adjoints) -> adjoints.add(x, dx -> {
            Tensor negative = x.tape().like(dx);
            kernels(x).unary(Unary.NEGATE, x.value(), negative);
            kernels(x).unary(Unary.STEP, negative, negative);
            kernels(x).unary(Unary.STEP, x.value(), dx);
            kernels(x).binary(Binary.SUBTRACT, dx, negative, dx);
            kernels(x).binary(Binary.MULTIPLY, dx, dy, dx);
        }), x);
    }

    /// min(max(x, low), high), with gradient 1 where low ≤ x ≤ high and 0 elsewhere, as PyTorch's clamp.
    public static Var clamp(Var x, double low, double high) {
        if (!(low <= high)) {
            throw new IllegalArgumentException("clamp: low " + low + " must not exceed high " + high);
        }
        Tensor y = x.tape().like(x.value());
        kernels(x).clamp(x.value(), low, high, y);
        return x.tape().record(y, (dy, adjoints) -> adjoints.add(x, dx -> {
            // |y − x| is positive exactly where x lies outside.
            kernels(x).binary(Binary.SUBTRACT, y, x.value(), dx);
            kernels(x).unary(Unary.ABSOLUTE, dx, dx);
            kernels(x).unary(Unary.STEP, dx, dx);
            kernels(x).affine(dx, -1, 1, dx);
            kernels(x).binary(Binary.MULTIPLY, dx, dy, dx);
        }), x);
    }

    private static Var select(Binary f, Var a, Var b, Var greaterFirst, Var greaterSecond) {
        Tensor y = compute(f, a, b);
        return a.tape().record(y, (dy, adjoints) -> {
            // 1 where b is taken.
            Tensor taken = a.tape().like(y);
            kernels(a).binary(Binary.GREATER, greaterFirst.value(), greaterSecond.value(), taken);
            adjoints.add(b, db -> kernels(b).binary(Binary.MULTIPLY, taken, dy, db));
            adjoints.add(a, da -> {
                kernels(a).affine(taken, -1, 1, da);
                kernels(a).binary(Binary.MULTIPLY, da, dy, da);
            });
        }, a, b);
    }

    private static Tensor compute(Binary f, Var a, Var b) {
        Tensor y = a.tape().like(a.value());
        kernels(a).binary(f, a.value(), b.value(), y);
        return y;
    }

    private static Tensor compute(Unary f, Var x) {
        Tensor y = x.tape().like(x.value());
        kernels(x).unary(f, x.value(), y);
        return y;
    }

    private static ElementwiseKernels kernels(Var x) {
        return x.tape().backend().elementwise();
    }
}
