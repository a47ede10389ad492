package org.flowrl.rl.grade.code;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.attribute.ModuleAttribute;
import java.lang.constant.ModuleDesc;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.flowrl.rl.grade.code.cell.CellMain;
import org.flowrl.tensor.io.IoFault;

/// A temporary folder with what a cell's JVM is started from: a jar with the classes of the `cell` package, as a module
/// that exports and opens nothing. Closing it deletes it.
final class CellHome implements AutoCloseable {
    private static final String MODULE = "org.flowrl.cell";
    private static final String PACKAGE = CellMain.class.getPackageName();
    private static final Path JAVA_HOME = Path.of(System.getProperty("java.home"));

    /// Why each is there is said in `CellMain`; the rest makes JVMs small, quiet and equal on all machines.
    private static final List<String> FLAGS = List.of("--illegal-native-access=deny",
            "--enable-native-access=" + MODULE, "--finalization=disabled", "-Xrs", "-XX:+DisableAttachMechanism",
            "-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=64m", "-XX:CompressedClassSpaceSize=64m",
            "-XX:-UsePerfData", "-XX:-CreateCoredumpOnCrash", "-XX:+SuppressFatalErrorMessage", "-Xlog:disable",
            "-Dfile.encoding=UTF-8", "-Dstdin.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-Dstderr.encoding=UTF-8",
            "-Duser.language=en", "-Duser.country=US", "-Duser.timezone=UTC");

    /// Most programs end before what the JIT makes of them pays: methods are compiled later than usual (200, 100 and
    /// 2,000 are the JDK's), loops when they always are. A third less CPU for each program.
    private static final List<String> SHORT_LIVED = List.of("-XX:Tier3InvocationThreshold=20000",
            "-XX:Tier3MinInvocationThreshold=10000", "-XX:Tier3CompileThreshold=50000");

    /// What the second compiler makes of javac does not pay even after hundreds of sources: without it the first 111
    /// take half the CPU, and so do the next 555.
    private static final List<String> COMPILER = List.of("-XX:TieredStopAtLevel=1");

    private final Path folder;
    private final Path emptyFolder;
    private final Path jar;
    private final Path marker;
    private final Path archive;

    CellHome() {
        try {
            folder = Files.createTempDirectory("flowrl-cells-").toRealPath();
            emptyFolder = Files.createDirectory(folder.resolve("empty"));
            jar = folder.resolve("cell.jar");
            marker = Files.writeString(folder.resolve("closed"), "no cell may read this");
            archive = folder.resolve("cell.jsa");
            writeJar();
            // Should nobody come to close it, as after Ctrl-C. Deleted in reverse order.
            Stream.of(folder, emptyFolder, jar, marker, archive).forEach(path -> path.toFile().deleteOnExit());
        } catch (IOException e) {
            throw IoFault.doing("sandbox: its temporary folder in " + System.getProperty("java.io.tmpdir"), e);
        }
    }

    Path folder() {
        return folder;
    }

    /// A file that no cell may read.
    Path marker() {
        return marker;
    }

    /// A cell for one program, about to start.
    ///
    /// @param flags of the JVM, besides the usual ones
    ProcessBuilder forProgram(boolean confined, long heapBytes, List<String> flags) {
        return cell("serve", confined, heapBytes, Stream.concat(SHORT_LIVED.stream(), flags.stream()).toList());
    }

    /// A compile server, about to start.
    ///
    /// @param flags of the JVM, besides the usual ones
    ProcessBuilder forCompiler(boolean confined, long heapBytes, List<String> flags) {
        return cell("compile", confined, heapBytes, Stream.concat(COMPILER.stream(), flags.stream()).toList());
    }

    /// A JVM that runs a program of our own as a cell would, without walls, and then archives the classes that it has
    /// loaded, about to start.
    ///
    /// @param flags of the JVM, besides the usual ones
    ProcessBuilder forRehearsal(boolean confined, long heapBytes, List<String> flags) {
        return cell("rehearse", confined, heapBytes, Stream.concat(flags.stream(),
                Stream.of("-XX:ArchiveClassesAtExit=" + archive)).toList());
    }

    /// Where the archive of a cell's classes is to be.
    Path archive() {
        return archive;
    }

    private ProcessBuilder cell(String mode, boolean confined, long heapBytes, List<String> flags) {
        List<String> command = new ArrayList<>();
        command.add(JAVA_HOME.resolve("bin/java").toString());
        command.addAll(FLAGS);
        command.add("-Xmx" + heapBytes);
        command.addAll(flags);
        command.addAll(List.of("-p", jar.toString(), "-m", MODULE + "/" + CellMain.class.getName(), mode,
                confined ? "confined" : "unconfined"));
        readable().forEach(path -> command.add(path.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).directory(emptyFolder.toFile());
        // Keys and tokens of the environment are no business of a cell's.
        builder.environment().clear();
        builder.environment().putAll(Map.of("LANG", "C.UTF-8", "MALLOC_ARENA_MAX", "2"));
        return builder;
    }

    /// What a JVM reads after it has started. Some Linux distributions keep the JDK's settings elsewhere, behind links.
    private List<Path> readable() {
        return Stream.of(JAVA_HOME, JAVA_HOME.resolve("conf/security/java.security"), jar, Path.of("/dev/random"),
                Path.of("/dev/urandom"), Path.of("/dev/null")).filter(Files::exists).map(CellHome::real).toList();
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw IoFault.doing("sandbox: " + path, e);
        }
    }

    private void writeJar() throws IOException {
        try (OutputStream file = Files.newOutputStream(jar); JarOutputStream out = new JarOutputStream(file)) {
            out.putNextEntry(new JarEntry("module-info.class"));
            out.write(ClassFile.of().buildModule(ModuleAttribute.of(ModuleDesc.of(MODULE), module -> module
                    .requires(ModuleDesc.of("java.base"), ClassFile.ACC_MANDATED, null)
                    .requires(ModuleDesc.of("java.compiler"), 0, null))));
            for (Map.Entry<String, byte[]> entry : cellClasses().entrySet()) {
                out.putNextEntry(new JarEntry(entry.getKey()));
                out.write(entry.getValue());
            }
        }
    }

    /// The class files of the cell's package, from wherever this program's own classes are.
    private static Map<String, byte[]> cellClasses() throws IOException {
        String folder = PACKAGE.replace('.', '/');
        try {
            URI uri = CellMain.class.getResource("CellMain.class").toURI();
            if (!uri.getScheme().equals("jar")) {
                return read(Path.of(uri).getParent(), folder);
            }
            try (FileSystem jar = FileSystems.newFileSystem(URI.create(uri.toString().replaceFirst("!.*", "!/")),
                    Map.of())) {
                return read(jar.getPath(folder), folder);
            }
        } catch (URISyntaxException e) {
            throw new IOException("the place of " + PACKAGE, e);
        }
    }

    private static Map<String, byte[]> read(Path source, String folder) throws IOException {
        Map<String, byte[]> classes = new TreeMap<>();
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                classes.put(folder + "/" + file.getFileName(), Files.readAllBytes(file));
            }
        }
        return classes;
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw IoFault.doing("sandbox: removing " + folder, e);
        }
    }
}
