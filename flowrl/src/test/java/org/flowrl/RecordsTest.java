package org.flowrl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.flowrl.autograd.Tape;
import org.flowrl.cli.Main;
import org.flowrl.tensor.Tensor;
import org.flowrl.transformer.Qwen;
import org.junit.jupiter.api.Test;

/// A record with an array compares it by identity unless it says otherwise, which is never what one means.
class RecordsTest {
    /// Those that are never compared, and why that has no meaning.
    private static final Map<String, String> NEVER_EQUAL = Map.of(
            "org.flowrl.transformer.CacheBatch", "names tensors, which are themselves alone",
            "org.flowrl.rl.Batch", "names tensors, which are themselves alone",
            "org.flowrl.rl.objective.TokenMask$Kept", "names a node of a tape and a batch",
            "org.flowrl.rl.grade.code.cell.CellJob", "its seal is drawn for it alone");

    @Test
    void publicRecordsCompareTheirArraysByValue() throws IOException {
        TreeSet<String> byIdentity = new TreeSet<>();
        int records = 0;
        for (Class<?> type : List.of(Tensor.class, Tape.class, Qwen.class, Main.class)) {
            for (Class<?> record : publicRecords(type)) {
                records++;
                if (Arrays.stream(record.getRecordComponents()).map(RecordComponent::getType).anyMatch(Class::isArray)
                        && hasGeneratedEquals(record)) {
                    byIdentity.add(record.getName());
                }
            }
        }
        assertThat(byIdentity).containsExactlyInAnyOrderElementsOf(NEVER_EQUAL.keySet());
        assertThat(records).isGreaterThan(100);
    }

    /// Public records of the module that `type` belongs to, a folder or a jar.
    private static List<Class<?>> publicRecords(Class<?> type) throws IOException {
        Path place = Path.of(URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString()));
        if (Files.isDirectory(place)) {
            return publicRecords(place);
        }
        try (FileSystem jar = FileSystems.newFileSystem(place)) {
            return publicRecords(jar.getPath("/"));
        }
    }

    private static List<Class<?>> publicRecords(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.map(file -> root.relativize(file).toString()).filter(name -> name.endsWith(".class")
                    && name.startsWith("org")).<Class<?>>map(RecordsTest::loaded).filter(Class::isRecord)
                    .filter(RecordsTest::isPublic).toList();
        }
    }

    private static Class<?> loaded(String file) {
        String name = file.substring(0, file.length() - ".class".length()).replace('/', '.').replace('\\', '.');
        try {
            return Class.forName(name, false, RecordsTest.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new AssertionError(file, e);
        }
    }

    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getEnclosingClass() == null || isPublic(type.getEnclosingClass()));
    }

    /// The compiler makes `equals` by a dynamic call; one that was written has none.
    private static boolean hasGeneratedEquals(Class<?> record) {
        String file = "/" + record.getName().replace('.', '/') + ".class";
        ClassModel model;
        try (var in = record.getResourceAsStream(file)) {
            model = ClassFile.of().parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return model.methods().stream().filter(method -> method.methodName().equalsString("equals"))
                .flatMap(method -> method.code().orElseThrow().elementStream())
                .anyMatch(InvokeDynamicInstruction.class::isInstance);
    }
}
