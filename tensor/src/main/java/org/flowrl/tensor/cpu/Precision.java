package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.flowrl.tensor.DType;

/// The arithmetic of one computing type, with numbers carried as `double`: the reference kernels are written once, over
/// this interface, and serve {@link F32} and {@link F64}.
///
/// Every operation is rounded to the type. For +, −, ×, ÷ and √ of floats, rounding the double result to float is the
/// correctly rounded float result (a double has more than twice a float's digits, Figueroa 1995); an fma is not, and is
/// therefore computed in float.
sealed interface Precision {
    /// The arithmetic of F32 or F64.
    static Precision of(DType type) {
        return switch (type) {
            case F32 -> new F32();
            case F64 -> new F64();
            case BF16, F16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 ->
                    throw new IllegalArgumentException("precision: " + type + " is not computed in");
        };
    }

    /// Element `index` of a segment of this type.
    double load(MemorySegment data, long index);

    /// Sets element `index`, which must be a number of this type already.
    void store(MemorySegment data, long index, double value);

    /// The nearest number of this type.
    double round(double x);

    /// a + b.
    double add(double a, double b);

    /// a − b.
    double subtract(double a, double b);

    /// a · b.
    double multiply(double a, double b);

    /// a / b.
    double divide(double a, double b);

    /// a · b + c, rounded once.
    double fma(double a, double b, double c);

    /// √x.
    double sqrt(double x);

    /// e^x: the contract's polynomial in F32, StrictMath in F64.
    double exp(double x);

    /// The natural logarithm, by StrictMath in F64, rounded.
    double log(double x);

    /// Single precision.
    record F32() implements Precision {
        private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

        @Override
        public double load(MemorySegment data, long index) {
            return data.get(FLOAT, index * Float.BYTES);
        }

        @Override
        public void store(MemorySegment data, long index, double value) {
            data.set(FLOAT, index * Float.BYTES, (float) value);
        }

        @Override
        public double round(double x) {
            return (float) x;
        }

        @Override
        public double add(double a, double b) {
            return (float) a + (float) b;
        }

        @Override
        public double subtract(double a, double b) {
            return (float) a - (float) b;
        }

        @Override
        public double multiply(double a, double b) {
            return (float) a * (float) b;
        }

        @Override
        public double divide(double a, double b) {
            return (float) a / (float) b;
        }

        @Override
        public double fma(double a, double b, double c) {
            return Math.fma((float) a, (float) b, (float) c);
        }

        @Override
        public double sqrt(double x) {
            return (float) Math.sqrt(x);
        }

        @Override
        public double exp(double x) {
            return Exponential.exp((float) x);
        }

        @Override
        public double log(double x) {
            return (float) StrictMath.log(x);
        }
    }

    /// Double precision.
    record F64() implements Precision {
        private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;

        @Override
        public double load(MemorySegment data, long index) {
            return data.get(DOUBLE, index * Double.BYTES);
        }

        @Override
        public void store(MemorySegment data, long index, double value) {
            data.set(DOUBLE, index * Double.BYTES, value);
        }

        @Override
        public double round(double x) {
            return x;
        }

        @Override
        public double add(double a, double b) {
            return a + b;
        }

        @Override
        public double subtract(double a, double b) {
            return a - b;
        }

        @Override
        public double multiply(double a, double b) {
            return a * b;
        }

        @Override
        public double divide(double a, double b) {
            return a / b;
        }

        @Override
        public double fma(double a, double b, double c) {
            return Math.fma(a, b, c);
        }

        @Override
        public double sqrt(double x) {
            return Math.sqrt(x);
        }

        @Override
        public double exp(double x) {
            return StrictMath.exp(x);
        }

        @Override
        public double log(double x) {
            return StrictMath.log(x);
        }
    }
}
