package org.flowrl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What is written does not depend on the language of the machine: numbers have a point and the digits 0 to 9, and
/// "TITLE" has a dotless i in lower case nowhere.
class LocaleTest {
    /// Calls that take the machine's locale where none is given.
    private static final Pattern WITHOUT_LOCALE = Pattern.compile(
            "\\b(?:printf|String\\.format)\\(\\s*(?!Locale\\.ROOT)|\\.formatted\\(|to(?:Lower|Upper)Case\\(\\)");

    @Test
    void everyFormatNamesItsLocale() throws IOException {
        Path root = Path.of("").toAbsolutePath().getParent();
        assumeTrue(Files.exists(root.resolve("tensor/src/main/java")), "run outside the source tree");
        List<String> found = new ArrayList<>();
        int files = 0;
        for (Path source : sources(root)) {
            files++;
            String text = Files.readString(source);
            WITHOUT_LOCALE.matcher(text).results().forEach(match -> found.add(root.relativize(source) + ", line "
                    + (text.substring(0, match.start()).lines().count()) + ": " + match.group()));
        }
        assertThat(found).isEmpty();
        assertThat(files).isGreaterThan(300);
    }

    private static List<Path> sources(Path root) throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String module : List.of("tensor", "autograd", "transformer", "gpu", "flowrl", "bench")) {
            try (Stream<Path> files = Files.walk(root.resolve(module).resolve("src/main/java"))) {
                // The text of a program of its own stands in one.
                files.filter(file -> file.toString().endsWith(".java") && !file.endsWith("CellArchive.java"))
                        .forEach(sources::add);
            }
        }
        return sources;
    }
}
