package org.flowrl.bench.steps;

import java.util.SplittableRandom;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.RandomKey;

/// The weights that every engine computes with: uniform, each a function of the seed, the parameter's name and the
/// place alone. Biases and norms are random as well, so that leaving one out shows.
///
/// Drawn by {@link SplittableRandom}, which makes the half billion of Qwen2.5-0.5B in seconds where the counter-based
/// generator of the product needs a minute.
public final class RandomWeights {
    /// A uniform number in [−√3, √3) has variance 1.
    private static final double UNIT = Math.sqrt(3);

    /// Norm weights lie within 1 ± this.
    private static final double NORM_SPREAD = 0.1;

    private RandomWeights() {
    }

    /// The first `count` elements, row-major, of the parameter with this name in a checkpoint.
    ///
    /// @param deviation standard deviation of matrices and biases
    public static float[] of(String name, int count, double deviation) {
        SplittableRandom random = new SplittableRandom(RandomKey.of(Workload.SEED).fold(name).bits());
        boolean isNorm = name.endsWith("norm.weight");
        double centre = isNorm ? 1 : 0;
        double spread = isNorm ? NORM_SPREAD : deviation * UNIT;
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (centre + spread * (2 * random.nextDouble() - 1));
        }
        return values;
    }

    /// Overwrites all parameters of an allocated store and repacks.
    public static void fill(ParameterStore store, double deviation) {
        for (Parameter parameter : store.parameters()) {
            int count = Math.toIntExact(parameter.shape().elements());
            parameter.value().copyFrom(of(parameter.name(), count, deviation));
        }
        store.repack();
    }
}
