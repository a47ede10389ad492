package org.flowrl.tensor.cpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The vector backend's methods, read from their class files. A method is named `Class::method`, without its package.
final class KernelMethods {
    private static final Pattern VECTOR = Pattern.compile("jdk/incubator/vector/\\w*Vector");
    private static final Pattern PASSED_VECTOR = Pattern.compile("L" + VECTOR.pattern() + ";");
    private static final Pattern KERNELS = Pattern.compile("Vector.*\\.class");

    private KernelMethods() {
    }

    /// Those that compute with vectors. Class initialisers run once and are never compiled: they do not count.
    static Set<String> computingWithVectors() {
        return methods(kernels(), method -> !method.methodName().equalsString("<clinit>")
                && method.code().stream().flatMap(CodeModel::elementStream).anyMatch(element ->
                        element instanceof InvokeInstruction call
                                && VECTOR.matcher(call.owner().asInternalName()).matches()));
    }

    /// Those of some class files that have a vector as a parameter or result.
    static Set<String> passingVectors(List<Path> files) {
        return methods(files, method -> PASSED_VECTOR.matcher(method.methodType().stringValue()).find());
    }

    /// The class files of the vector backend.
    static List<Path> kernels() {
        try {
            Path folder = Path.of(VectorBackend.class.getResource("VectorBackend.class").toURI()).getParent();
            try (Stream<Path> files = Files.list(folder)) {
                return files.filter(file -> KERNELS.matcher(file.getFileName().toString()).matches()).toList();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Set<String> methods(List<Path> files, Predicate<MethodModel> filter) {
        Set<String> names = new TreeSet<>();
        for (Path file : files) {
            ClassModel type = parse(file);
            String name = type.thisClass().asInternalName();
            String simple = name.substring(name.lastIndexOf('/') + 1);
            type.methods().stream().filter(filter)
                    .forEach(method -> names.add(simple + "::" + method.methodName().stringValue()));
        }
        return names;
    }

    private static ClassModel parse(Path file) {
        try {
            return ClassFile.of().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
