package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What can be said of the bootstrap inside one JVM. That it starts the program from an older Java, and which backend
/// comes of it, is checked on the jar by `.ci/run`.
class BootstrapTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "1.8, 8", "1.8.0_402, 8", "17, 17", "17.0.15, 17", "25, 25", "25.0.3, 25", "25-ea, 25", "26.0.1+8-LTS, 26",
        "'', 0",
    })
    void aVersionHasAFeatureNumber(String version, int feature) {
        assertThat(Bootstrap.feature(version)).isEqualTo(feature);
    }

    @Test
    void theOldestSufficientJavaIsChosen() throws IOException {
        Path old = javaHome("old", "17.0.15");
        Path newest = javaHome("newest", "27");
        Path sufficient = javaHome("sufficient", "25.0.3");
        Path equal = javaHome("equal", "25.0.1");

        assertThat(Bootstrap.newerJava(List.of(old, newest, sufficient, equal))).isEqualTo(sufficient);
    }

    @Test
    void foldersThatAreNoJavaAreNotChosen() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path withoutExecutable = javaHome("without-executable", "25");
        Files.delete(Bootstrap.java(withoutExecutable));
        Path old = javaHome("old", "1.8.0_402");

        assertThat(Bootstrap.newerJava(List.of(empty, withoutExecutable, old, folder.resolve("absent")))).isNull();
    }

    @Test
    void flowrlJavaHomeIsTheOnlyCandidate() {
        var environment = Map.of("FLOWRL_JAVA_HOME", "/chosen", "JAVA_HOME", "/usual");

        assertThat(Bootstrap.candidates(environment, folder.toString())).containsExactly(Path.of("/chosen"));
    }

    @Test
    void javaHomeComesFirstAndSdkmanIsLookedAt() throws IOException {
        Path sdkman = javaHome(".sdkman/candidates/java/25.0.3-tem", "25.0.3");

        assertThat(Bootstrap.candidates(Map.of("JAVA_HOME", "/usual", "FLOWRL_JAVA_HOME", ""), folder.toString()))
                .startsWith(Path.of("/usual"))
                .contains(sdkman);
    }

    @ParameterizedTest
    @CsvSource({
        "-Xmx4g, true", "-XX:UseAVX=2, true", "-Dkey=value, true", "-ea, true", "--add-modules=java.net.http, true",
        "-agentlib:jdwp=server=y, false", "-javaagent:agent.jar, false", "-Xrunjdwp:server=y, false",
        "-Dflowrl.relaunched=older-java, false",
    })
    void jvmOptionsArePassedOnExceptAgents(String option, boolean passedOn) {
        assertThat(Bootstrap.isPassedOn(option)).isEqualTo(passedOn);
    }

    /// Class-file major version 52 is Java 8 (The Java Virtual Machine Specification, table 4.1-A).
    @Test
    void theBootstrapIsAClassOfJava8() throws IOException {
        try (var in = Bootstrap.class.getResourceAsStream("Bootstrap.class")) {
            assertThat(in.readNBytes(8)).endsWith(0, 52);
        }
    }

    private Path javaHome(String name, String version) throws IOException {
        Path home = folder.resolve(name);
        Files.createDirectories(Bootstrap.java(home).getParent());
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Test\"\nJAVA_VERSION=\"" + version + "\"\n");
        assertThat(Files.createFile(Bootstrap.java(home)).toFile().setExecutable(true)).isTrue();
        return home;
    }
}
