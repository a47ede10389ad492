package org.flowrl.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/// The pieces of Java in the docs of classes, in `flowrl/docs` and in the README: each must compile as the body of a
/// method, with all packages imported and the variables of {@link #GIVEN}. Tests run in the module's folder.
class SnippetsTest {
    private static final Path ROOT = Path.of("..");
    private static final List<String> MODULES = List.of("tensor", "autograd", "transformer", "flowrl");
    private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final String GIVEN = """
            Backend backend; Scope run, scope; Tape tape; Gradients gradients; AdamW adam; Parameter w; Tensor x;
            Tensor inputs, numbers; Recorder recorder; Runnable work; Qwen model; Tokenizer tokenizer; KvCache cache;
            DecodeBatch batch; int[] sequences; int[][] tokens; Path path, target;
            """;

    @Test
    void everyPieceOfJavaInTheDocsCompiles() throws IOException {
        String imports = imports();
        List<JavaFileObject> sources = new ArrayList<>();
        for (Path document : documents()) {
            Matcher snippets = SNIPPET.matcher(Files.readString(document).replaceAll("(?m)^ */// ?", ""));
            while (snippets.find()) {
                String name = document.getFileName().toString().replaceAll("\\W", "") + sources.size();
                sources.add(source(name, imports + "class " + name + " {" + GIVEN
                        + "void snippet() throws Exception {\n" + snippets.group(1) + "}}"));
            }
        }
        assertThat(faults(sources)).isEmpty();
        assertThat(sources).hasSizeGreaterThan(14);
    }

    @Test
    void theProgramOfTheLibrarysDocsCompiles() throws IOException {
        Path program = ROOT.resolve("flowrl/docs/library/src/main/java/Demo.java");
        assertThat(faults(List.of(source("Demo", Files.readString(program))))).isEmpty();
    }

    private static JavaFileObject source(String name, String text) {
        return SimpleJavaFileObject.forSource(URI.create("string:///" + name + ".java"), text);
    }

    private static List<String> faults(List<JavaFileObject> sources) throws IOException {
        DiagnosticCollector<JavaFileObject> faults = new DiagnosticCollector<>();
        JavacTask compiler = (JavacTask) ToolProvider.getSystemJavaCompiler().getTask(null, null, faults,
                List.of("-proc:none", "--class-path", System.getProperty("java.class.path")), null, sources);
        compiler.analyze();
        return faults.getDiagnostics().stream().map(Object::toString).filter(fault -> fault.contains("error:"))
                .toList();
    }

    private static String imports() throws IOException {
        List<String> packages = new ArrayList<>(List.of("java.nio.file", "java.util"));
        for (String module : MODULES) {
            Path folder = ROOT.resolve(module).resolve("src/main/java");
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(file -> file.endsWith("package-info.java"))
                        .map(file -> folder.relativize(file.getParent()).toString().replaceAll("[/\\\\]", "."))
                        .forEach(packages::add);
            }
        }
        return packages.stream().map(name -> "import " + name + ".*;").collect(Collectors.joining());
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(ROOT.resolve("README.md")));
        List<Path> folders = new ArrayList<>(List.of(ROOT.resolve("flowrl/docs")));
        MODULES.forEach(module -> folders.add(ROOT.resolve(module).resolve("src/main/java")));
        for (Path folder : folders) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(file -> file.toString().matches(".*\\.(java|md)")).sorted().forEach(documents::add);
            }
        }
        return documents;
    }
}
