package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.CPU_LIMIT;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.EXITED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.FILE_REFUSED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.INTERNALS_REFUSED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.MEMORY_LIMIT;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.NETWORK_REFUSED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.OUTPUT_LIMIT;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.PASSED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.PROCESS_REFUSED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.THREW;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.TIME_LIMIT;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.WRONG_ANSWER;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Programs that mean harm: each is contained, and its outcome names what it tried. All are asked to print `right`, so
/// one that swallows a refusal and goes on must not have got anything by it.
class HostileProgramsTest {
    private static final String TESTS = "[{\"input\": \"question\\n\", \"output\": \"right\"}]";
    /// For programs that are to be stopped.
    private static final double SECONDS = 2;

    @TempDir
    private static Path folder;
    private static Path secret;
    private static ServerSocket server;
    private static CodeGrader grader;
    private static CodeGrader patientGrader;

    @BeforeAll
    static void open() throws IOException {
        secret = Files.writeString(folder.resolve("secret"), "right");
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        grader = Sandboxes.grader(new TestRules(15, SECONDS, SECONDS, 1, SECONDS, false));
        patientGrader = Sandboxes.grader(Sandboxes.patientRules());
    }

    @AfterAll
    static void close() throws IOException {
        server.close();
        Stream.of(grader, patientGrader).filter(Objects::nonNull).forEach(CodeGrader::close);
    }

    /// What a program does, the statements of its `main`, and how it may end.
    private record Hostile(String deed, String statements, CodeOutcome.Kind... kinds) {
        String source() {
            return """
                    import java.io.*;
                    import java.net.*;
                    import java.nio.file.*;
                    import java.util.*;

                    public class Main {
                        static int depth(int n) {
                            return depth(n + 1) + 1;
                        }

                        public static void main(String[] args) throws Throwable {
                            %s
                        }
                    }
                    """.formatted(statements);
        }

        @Override
        public String toString() {
            return deed;
        }
    }

    static Stream<Hostile> processes() {
        return Stream.of(
                new Hostile("starts a shell", "new ProcessBuilder(\"/bin/sh\", \"-c\", \"echo right\").inheritIO()"
                        + ".start().waitFor();", PROCESS_REFUSED),
                new Hostile("starts programs for ever", """
                        while (true) {
                            try {
                                Runtime.getRuntime().exec(new String[] {"/bin/sleep", "9"});
                            } catch (IOException e) {
                                // and again
                            }
                        }""", TIME_LIMIT, CPU_LIMIT),
                new Hostile("ends its parent", "ProcessHandle.current().parent().get().destroyForcibly();", THREW),
                new Hostile("loops", "while (true) { }", TIME_LIMIT, CPU_LIMIT),
                new Hostile("loops on many threads", "for (int i = 0; i < 40; i++) new Thread(() -> "
                        + "{ while (true) { } }).start();", TIME_LIMIT, CPU_LIMIT),
                new Hostile("catches everything and goes on", """
                        while (true) {
                            try {
                                while (true) { }
                            } catch (Throwable e) {
                                // ThreadDeath included
                            }
                        }""", TIME_LIMIT, CPU_LIMIT),
                new Hostile("sleeps", "Thread.sleep(1_000_000);", TIME_LIMIT),
                new Hostile("leaves a thread behind", "new Thread(() -> { while (true) try { Thread.sleep(1000); } "
                        + "catch (InterruptedException e) { } }).start(); System.out.println(\"right\");", TIME_LIMIT),
                new Hostile("hangs in a shutdown hook", "Runtime.getRuntime().addShutdownHook(new Thread(() -> "
                        + "{ while (true) try { Thread.sleep(1000); } catch (InterruptedException e) { } }));"
                        + " System.out.println(\"right\");", TIME_LIMIT),
                new Hostile("interrupts all threads", "for (Thread t : Thread.getAllStackTraces().keySet()) if (t != "
                        + "Thread.currentThread()) t.interrupt(); System.out.println(\"right\");", PASSED));
    }

    static Stream<Hostile> memory() {
        return Stream.of(
                new Hostile("fills the heap", "List<long[]> all = new ArrayList<>(); while (true) "
                        + "all.add(new long[1 << 20]);", MEMORY_LIMIT),
                new Hostile("fills memory beside the heap", "List<Object> all = new ArrayList<>(); while (true) "
                        + "all.add(java.nio.ByteBuffer.allocateDirect(1 << 24));", MEMORY_LIMIT),
                new Hostile("fills the machine with threads", "while (true) new Thread(() -> { try { "
                        + "Thread.sleep(100_000); } catch (InterruptedException e) { } }).start();", MEMORY_LIMIT,
                        TIME_LIMIT),
                new Hostile("recurses without end", "depth(0);", THREW),
                new Hostile("prints for ever", "while (true) System.out.println(\"right\".repeat(1000));",
                        OUTPUT_LIMIT),
                new Hostile("prints errors for ever", "while (true) System.err.println(\"right\".repeat(1000));",
                        OUTPUT_LIMIT));
    }

    static Stream<Hostile> files() {
        String path = "Path.of(\"" + secret + "\")";
        return Stream.of(
                new Hostile("reads /etc/passwd", "System.out.println(Files.readString(Path.of(\"/etc/passwd\")));",
                        FILE_REFUSED),
                new Hostile("reads a user's file", "System.out.println(Files.readString(" + path + "));",
                        FILE_REFUSED),
                new Hostile("reads it by an older class", "System.out.println(new BufferedReader(new FileReader("
                        + path + ".toFile())).readLine());", FILE_REFUSED),
                new Hostile("reads it on a thread of a pool", "System.out.println(java.util.concurrent."
                        + "CompletableFuture.supplyAsync(() -> { try { return Files.readString(" + path + "); } "
                        + "catch (IOException e) { return \"refused\"; } }).get());", WRONG_ANSWER),
                new Hostile("reads it on a virtual thread", "Thread.ofVirtual().start(() -> { try { "
                        + "System.out.println(Files.readString(" + path + ")); } catch (IOException e) { } }).join();",
                        WRONG_ANSWER),
                new Hostile("reads it in a cleaner", "java.lang.ref.Cleaner.create().register(new Object(), () -> { "
                        + "try { System.out.println(Files.readString(" + path + ")); } catch (IOException e) { } });"
                        + " for (int i = 0; i < 5; i++) { System.gc(); Thread.sleep(50); }", WRONG_ANSWER),
                new Hostile("reads it in a shutdown hook", "Runtime.getRuntime().addShutdownHook(new Thread(() -> { "
                        + "try { System.out.println(Files.readString(" + path + ")); } catch (IOException e) { } }));",
                        WRONG_ANSWER),
                new Hostile("lists a user's folder", "Files.list(" + path + ".getParent()).forEach(p -> "
                        + "System.out.println(\"right\"));", FILE_REFUSED),
                new Hostile("reads its own environment", "System.out.println(Files.readString(Path.of("
                        + "\"/proc/self/environ\")));", FILE_REFUSED),
                new Hostile("writes a file", "Files.writeString(" + path + ".resolveSibling(\"new\"), \"x\");",
                        FILE_REFUSED),
                new Hostile("writes to its working folder", "Files.writeString(Path.of(\"new\"), \"x\");",
                        FILE_REFUSED),
                new Hostile("deletes a file", "Files.delete(" + path + ");", FILE_REFUSED),
                new Hostile("renames a file", "Files.move(" + path + ", " + path + ".resolveSibling(\"new\"));",
                        FILE_REFUSED),
                new Hostile("makes a link", "Files.createSymbolicLink(" + path + ".resolveSibling(\"new\"), " + path
                        + ");", FILE_REFUSED),
                new Hostile("changes a file's mode", "Files.setPosixFilePermissions(" + path
                        + ", java.nio.file.attribute.PosixFilePermissions.fromString(\"rwxrwxrwx\"));", FILE_REFUSED),
                new Hostile("changes a file's time", "Files.setLastModifiedTime(" + path
                        + ", java.nio.file.attribute.FileTime.fromMillis(0));", FILE_REFUSED));
    }

    static Stream<Hostile> network() {
        return Stream.of(
                new Hostile("connects to this machine", "new Socket(\"127.0.0.1\", " + server.getLocalPort() + ");",
                        NETWORK_REFUSED),
                new Hostile("connects by a channel", "java.nio.channels.SocketChannel.open(new InetSocketAddress("
                        + "\"127.0.0.1\", " + server.getLocalPort() + "));", NETWORK_REFUSED),
                new Hostile("connects to the world", "new Socket(\"192.0.2.1\", 80);", NETWORK_REFUSED),
                new Hostile("asks for a name", "InetAddress.getByName(\"example.org\");", NETWORK_REFUSED),
                new Hostile("listens", "new ServerSocket(0);", NETWORK_REFUSED),
                new Hostile("sends a datagram", "new DatagramSocket().send(new DatagramPacket(new byte[1], 1, "
                        + "InetAddress.getLoopbackAddress(), 9));", NETWORK_REFUSED),
                new Hostile("opens a local socket", "java.nio.channels.SocketChannel.open("
                        + "StandardProtocolFamily.UNIX);", NETWORK_REFUSED));
    }

    static Stream<Hostile> internals() {
        String launcher = "Class.forName(\"org.flowrl.rl.grade.code.cell.CellMain\", false, "
                + "ClassLoader.getSystemClassLoader())";
        return Stream.of(
                new Hostile("exits in good order", "System.exit(0);", WRONG_ANSWER),
                new Hostile("exits with the answer of another", "System.out.println(\"wrong\"); System.exit(0);",
                        WRONG_ANSWER),
                new Hostile("halts", "System.out.println(\"right\"); System.out.flush(); "
                        + "Runtime.getRuntime().halt(3);", EXITED),
                new Hostile("closes its streams", "System.in.close(); System.out.close(); System.err.close();",
                        WRONG_ANSWER),
                new Hostile("forges a report", "System.err.write(new byte[16]); System.err.write(new byte[] "
                        + "{'R', 0, 0, 0, 1, 'n'}); System.err.flush();", WRONG_ANSWER),
                new Hostile("calls the launcher", launcher + ".getMethod(\"main\", String[].class).invoke(null, "
                        + "(Object) new String[] {\"serve\", \"unconfined\"});", INTERNALS_REFUSED),
                new Hostile("opens the launcher", "for (var f : " + launcher + ".getDeclaredFields()) "
                        + "f.setAccessible(true);", INTERNALS_REFUSED),
                new Hostile("opens the JDK", "var f = Class.forName(\"jdk.internal.misc.Unsafe\")"
                        + ".getDeclaredField(\"theUnsafe\"); f.setAccessible(true);", INTERNALS_REFUSED),
                new Hostile("takes sun.misc.Unsafe", "Class.forName(\"sun.misc.Unsafe\");", THREW),
                new Hostile("dumps its memory to a file", "java.lang.management.ManagementFactory"
                        + ".getPlatformMXBean(com.sun.management.HotSpotDiagnosticMXBean.class).dumpHeap(\""
                        + folder.resolve("new") + ".hprof\", false);", FILE_REFUSED),
                new Hostile("calls native code", "var linker = java.lang.foreign.Linker.nativeLinker(); "
                        + "linker.downcallHandle(linker.defaultLookup().find(\"getpid\").get(), "
                        + "java.lang.foreign.FunctionDescriptor.of(java.lang.foreign.ValueLayout.JAVA_INT));",
                        INTERNALS_REFUSED),
                new Hostile("loads a native library", "System.load(\"/lib/x86_64-linux-gnu/libm.so.6\");",
                        INTERNALS_REFUSED),
                new Hostile("throws what has no message", "throw new RuntimeException() { public String getMessage() "
                        + "{ throw new IllegalStateException(); } };", THREW));
    }

    static Stream<Hostile> programs() {
        return Stream.of(processes(), memory(), files(), network(), internals()).flatMap(all -> all);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("programs")
    void isContainedAndNamed(Hostile program) throws IOException {
        CodeGrader patience = Set.of(program.kinds()).contains(TIME_LIMIT) ? grader : patientGrader;
        CodeOutcome outcome = patience.grade(TESTS, "```java\n" + program.source() + "\n```");

        assertThat(Set.of(program.kinds())).as(outcome.toString()).contains(outcome.kind());
        assertThat(secret).hasContent("right");
        assertThat(folder).isDirectoryNotContaining("glob:**new*");
        server.setSoTimeout(1);
        assertThat(catchThrowable(server::accept)).as("a connection").isInstanceOf(SocketTimeoutException.class);
    }
}
