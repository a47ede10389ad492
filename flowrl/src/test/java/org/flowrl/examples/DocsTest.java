package org.flowrl.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jdk.jshell.tool.JavaShellToolBuilder;
import org.junit.jupiter.api.Test;

/// The documents in `flowrl/docs`; tests run in the module's folder.
class DocsTest {
    private static final Path DOCS = Path.of("docs");
    /// Columns in which the walk-through prints names.
    private static final int NAME_WIDTH = 22;
    private static final Pattern FILE_LINK = Pattern.compile("]\\((?!https?:)([^)#]+)");
    private static final Pattern LINK = Pattern.compile("\\[`([^`]+)`]\\(([^)#]+)#L(\\d+)\\)");

    @Test
    void everyLinkToAFileFindsIt() throws IOException {
        List<String> lost = new ArrayList<>();
        List<Path> documents = new ArrayList<>(Stream.of("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
                .map(Path.of("..")::resolve).toList());
        try (Stream<Path> docs = Files.list(DOCS)) {
            docs.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
        }
        for (Path document : documents) {
            Matcher links = FILE_LINK.matcher(Files.readString(document));
            while (links.find()) {
                if (!Files.exists(document.resolveSibling(links.group(1)))) {
                    lost.add(document + ": " + links.group(1));
                }
            }
        }
        assertThat(lost).isEmpty();
    }

    @Test
    void everyLinkToALineShowsCodeOfThatLine() throws IOException {
        List<String> wrong = new ArrayList<>();
        Matcher links = LINK.matcher(Files.readString(DOCS.resolve("trajectory-balance.md")));
        int count = 0;
        while (links.find()) {
            count++;
            List<String> lines = Files.readAllLines(DOCS.resolve(links.group(2)));
            if (!lines.get(Integer.parseInt(links.group(3)) - 1).contains(links.group(1))) {
                int now = lines.stream().map(line -> line.contains(links.group(1))).toList().indexOf(true) + 1;
                wrong.add(links.group() + " is at line " + now);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(count).isGreaterThanOrEqualTo(10);
    }

    /// By hand, with tokens 3 and 2, β R = 1 and 0, log Z = 0.2:
    /// ```
    /// δ = 0.5 / 3 − 0.8  and  −0.3 / 2 + 0.2;   W = e^0.1 and e^−0.1;   loss = (W δ² + W δ²) / 2
    /// dloss/dlog π = W δ / T;   dloss/dlog Z = W δ
    /// ```
    /// 1e-6 is what six printed decimals leave, and 1e-8 of it the constant added to T.
    @Test
    void theWalkThroughPrintsWhatTheFormulaGives() throws Exception {
        Map<String, double[]> printed = walk();
        double first = 0.5 / 3 - 0.8;
        double second = -0.3 / 2 + 0.2;
        double up = Math.exp(0.1);
        double down = Math.exp(-0.1);
        expect(printed, "l - l_ref", 0.5 / 3, -0.15);
        expect(printed, "beta R - log Z", 0.8, -0.2);
        expect(printed, "delta", first, second);
        expect(printed, "log W", 0.1, -0.1);
        expect(printed, "weight", up, down);
        expect(printed, "loss", (up * first * first + down * second * second) / 2);
        double a = up * first / 3;
        double b = down * second / 2;
        expect(printed, "dloss / dlog pi", a, a, a, b, b);
        expect(printed, "dloss / dlog Z", up * first, down * second);
    }

    private static void expect(Map<String, double[]> printed, String name, double... values) {
        assertThat(printed.get(name)).as(name).containsExactly(values, within(1e-6));
    }

    private static Map<String, double[]> walk() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream standardOut = System.out;
        // Executed locally, the snippets print to this JVM's own output.
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            JavaShellToolBuilder.builder().out(System.out, System.out, System.out).interactiveTerminal(false)
                    .persistence(new HashMap<>()).start(
                    "--execution", "local", "--class-path", System.getProperty("java.class.path"), "--startup",
                    "DEFAULT", DOCS.resolve("one-flowrl-loss.jsh").toString());
        } finally {
            System.setOut(standardOut);
        }
        Map<String, double[]> printed = new LinkedHashMap<>();
        for (String line : out.toString(StandardCharsets.UTF_8).lines().toList()) {
            if (line.length() > NAME_WIDTH && line.substring(NAME_WIDTH).matches("( +-?\\d+\\.\\d{6})+")) {
                printed.put(line.substring(0, NAME_WIDTH).strip(), Arrays.stream(line.substring(NAME_WIDTH).strip()
                        .split(" +")).mapToDouble(Double::parseDouble).toArray());
            }
        }
        assertThat(printed).as(out.toString(StandardCharsets.UTF_8)).hasSizeGreaterThan(10);
        return printed;
    }
}
