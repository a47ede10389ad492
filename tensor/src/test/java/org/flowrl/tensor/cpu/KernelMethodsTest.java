package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class KernelMethodsTest {
    /// C2 may leave a method a call wherever it is called in a large one, and a call's vectors are boxed.
    @Test
    void noKernelPassesVectorsBetweenMethods() {
        assertThat(KernelMethods.computingWithVectors()).contains("VectorExponential::exp", "VectorTile::rows6");
        assertThat(KernelMethods.passingVectors(KernelMethods.kernels())).isEmpty();
    }

    @Test
    void aMethodThatTakesOrReturnsAVectorIsFound() throws URISyntaxException {
        Path file = Path.of(Passing.class.getResource("KernelMethodsTest$Passing.class").toURI());
        assertThat(KernelMethods.passingVectors(List.of(file)))
                .containsExactly("KernelMethodsTest$Passing::returned", "KernelMethodsTest$Passing::taken");
    }

    private static final class Passing {
        static float taken(float[] x, FloatVector vector) {
            return x[0] * vector.length();
        }

        static FloatVector returned() {
            return FloatVector.zero(VectorLanes.FLOATS);
        }

        static int neither(float[] x) {
            return x.length;
        }
    }
}
