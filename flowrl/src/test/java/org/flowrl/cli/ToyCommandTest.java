package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class ToyCommandTest {
    @TempDir
    private Path folder;

    @Test
    void theFigureIsPrintedAndDrawn() throws Exception {
        PrintStream standardOut = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Path picture = folder.resolve("new/toy.svg");
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            assertThat(Main.run("toy", "--steps", "20", "--seed", "3", "--out", picture.toString())).isZero();
        } finally {
            System.setOut(standardOut);
        }
        String text = printed.toString(StandardCharsets.UTF_8);
        assertThat(text).contains("20 steps of 64 samples, seed 3", "trajectory balance", "maximiser",
                "2.4168   0.250 0.500 0.250", picture.toString());

        Document svg = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(picture.toFile());
        assertThat(svg.getDocumentElement().getTagName()).isEqualTo("svg");
        // The target as an area and the policy as a line, for each of the two policies.
        assertThat(svg.getElementsByTagName("path").getLength()).isEqualTo(4);
        assertThat(svg.getElementsByTagName("image").getLength()).isZero();
    }

    @Test
    void noStepsAreRefused() {
        assertThat(Main.run("toy", "--steps", "0", "--out", folder.resolve("toy.svg").toString())).isEqualTo(1);
        assertThat(folder.resolve("toy.svg")).doesNotExist();
    }
}
