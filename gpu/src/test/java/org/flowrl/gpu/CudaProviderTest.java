package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What users are told about cards, in JVMs of their own: a library that was loaded once stays loaded.
class CudaProviderTest {
    @BeforeAll
    static void thereIsNoDriver() {
        assumeTrue(Program.answers("candidates").getFirst().contains("libcuda.so.1 not found"),
                "this machine has an NVIDIA driver: what is said without one cannot be tested");
    }

    /// Says what the service loader's provider says.
    static final class Program {
        private Program() {
        }

        public static void main(String[] arguments) {
            switch (arguments[0]) {
                case "candidates" -> {
                    for (BackendProvider.Candidate candidate : Backends.candidates()) {
                        System.out.println(candidate.name() + " " + candidate.available() + " " + candidate.reason());
                    }
                }
                default -> {
                    try {
                        Backends.Choice choice = Backends.open(arguments[0], 1);
                        try (Backend backend = choice.backend()) {
                            System.out.println(backend.device() + " " + choice.choice());
                        }
                    } catch (Backends.UnavailableDeviceException e) {
                        System.out.println(e.getMessage());
                    }
                }
            }
        }

        /// The lines that a JVM of its own prints.
        static List<String> answers(String argument, String... flags) {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path")));
            command.addAll(List.of(flags));
            command.addAll(List.of(Program.class.getName(), argument));
            try {
                Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
                List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .lines().toList();
                assertThat(process.waitFor()).as(command + "\n" + String.join("\n", lines)).isZero();
                return lines;
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void withoutADriverTheCardIsUnavailableWithTheReason() {
        assertThat(Program.answers("candidates")).first().asString().isEqualTo(
                "cuda:0 false no GPU: libcuda.so.1 not found (it comes with the NVIDIA driver)");
    }

    @Test
    void aNamedCardIsRefusedWithTheReason() {
        assertThat(Program.answers("cuda:0")).containsExactly("device cuda:0 is unavailable: no GPU: libcuda.so.1 not "
                + "found (it comes with the NVIDIA driver)");
    }

    @Test
    void autoComputesOnTheCpuAndSaysWhyNotOnACard() {
        assertThat(Program.answers("auto")).singleElement().asString().startsWith("cpu ")
                .contains("no cuda:0: no GPU: libcuda.so.1 not found");
    }

    @Test
    void aFileThatIsNoLibraryIsNamed(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("libcuda.so.1"), "no library");
        // The JVM itself warns of the file, too.
        assertThat(Program.answers("candidates", "-Dgpu.libraries=" + folder)).anySatisfy(line -> assertThat(line)
                .startsWith("cuda:0 false no GPU: libcuda.so.1 not found").contains(file + " cannot be loaded"));
    }

    @Test
    void aDriverWithoutCublasIsNotEnough(@TempDir Path folder) throws IOException {
        Files.copy(EmulatedCuda.folder().resolve("libcuda.so.1"), folder.resolve("libcuda.so.1"));
        List<String> lines = Program.answers("candidates", "-Dgpu.libraries=" + folder);
        assumeTrue(!lines.getFirst().contains("true"), "this machine has cuBLAS");
        assertThat(lines).first().asString().isEqualTo("cuda:0 false no GPU: libcublas.so.13 and libcublas.so.12 not "
                + "found (it comes with the CUDA toolkit)");
    }

    @Test
    void anUnknownBindingIsRefused() {
        assertThat(Program.answers("candidates", "-Dgpu.binding=rmi")).first().asString()
                .isEqualTo("cuda:0 false no GPU: gpu.binding 'rmi' must be ffm or jcuda");
    }

    @Test
    void aCardIsChosenByAutoAndDescribedByBothBindings() {
        for (String binding : List.of(FfmApi.NAME, JCudaApi.NAME)) {
            String[] flags = {"-Dgpu.libraries=" + EmulatedCuda.folder(), "-Dgpu.binding=" + binding};
            assertThat(Program.answers("candidates", flags)).contains("cuda:0 true emulated card, 1,024 MiB");
            assertThat(Program.answers("auto", flags)).containsExactly("cuda:0 cuda: emulated card, sm_80, 1,024 MiB; "
                    + "CUDA 13.0, cuBLAS 120902, " + binding + ", gpu.products=weights");
        }
    }
}
