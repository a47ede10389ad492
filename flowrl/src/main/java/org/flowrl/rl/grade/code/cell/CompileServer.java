package org.flowrl.rl.grade.code.cell;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/// Compiles one source after another with the JDK's compiler, in memory, with annotation processing off.
///
/// A source can make the compiler run without end or out of memory, and a thread cannot be stopped: hence a process of
/// its own, which the parent ends and replaces.
final class CompileServer {
    private static final List<String> OPTIONS = List.of("-proc:none", "-nowarn", "-Xlint:none", "-implicit:none",
            "-g:source,lines", "-Xmaxerrs", "1");

    private final InputStream requests;
    private final OutputStream replies;
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();

    CompileServer(InputStream requests, OutputStream replies) {
        if (compiler == null) {
            throw new IllegalStateException("no Java compiler in " + System.getProperty("java.home")
                    + ": a JDK is needed, not a JRE");
        }
        this.requests = requests;
        this.replies = replies;
    }

    /// Says that it is ready, by a reply of no bytes; then answers until the parent closes the stream.
    void serve() throws IOException {
        try (JavaFileManager jdk = compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
            // The first one takes ten times as long as the next and is not to count against a stranger's source.
            compile("class First { }", jdk);
            replies.write(CellJob.withLength(new byte[0]));
            replies.flush();
            while (true) {
                String source = new String(CellJob.readWithLength(requests), StandardCharsets.UTF_8);
                replies.write(CellJob.withLength(compile(source, jdk).toBytes()));
                replies.flush();
            }
        } catch (EOFException e) {
            // The parent is done.
        }
    }

    private Compilation compile(String source, JavaFileManager jdk) {
        Output output = new Output(jdk);
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        // Where the compiler itself fails, it writes a request for a bug report here.
        StringWriter ignored = new StringWriter();
        boolean compiled = compiler.getTask(ignored, output, diagnostics, OPTIONS, null, List.of(new Source(source)))
                .call();
        return compiled ? new Compilation.Compiled(output.classes())
                : new Compilation.Rejected(diagnostics.getDiagnostics().stream()
                        .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR).findFirst()
                        .map(error -> "line " + error.getLineNumber() + ": " + error.getMessage(Locale.ROOT))
                        .orElse("the compiler itself failed on it"));
    }

    /// A source that may declare a public class of any name.
    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String text) {
            super(URI.create("string:///Answer.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return kind == Kind.SOURCE;
        }
    }

    /// Keeps class files in memory, and shows the compiler nothing but the JDK.
    private static final class Output extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> files = new LinkedHashMap<>();

        Output(JavaFileManager jdk) {
            super(jdk);
        }

        Map<String, byte[]> classes() {
            Map<String, byte[]> classes = new LinkedHashMap<>();
            files.forEach((name, file) -> classes.put(name, file.toByteArray()));
            return classes;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(Location location, String className, JavaFileObject.Kind kind,
                FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("memory:///" + className.replace('.', '/') + ".class"), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return files.computeIfAbsent(className, _ -> new ByteArrayOutputStream());
                }
            };
        }

        @Override
        public Iterable<JavaFileObject> list(Location location, String packageName,
                java.util.Set<JavaFileObject.Kind> kinds, boolean recurse) throws IOException {
            return isOutside(location) ? List.of() : super.list(location, packageName, kinds, recurse);
        }

        private static boolean isOutside(Location location) {
            return location == StandardLocation.CLASS_PATH || location == StandardLocation.SOURCE_PATH
                    || location == StandardLocation.MODULE_PATH;
        }
    }
}
