package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.rl.grade.code.cell.CellMain;
import org.flowrl.rl.grade.code.cell.Compilation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CellArchiveTest {
    private static final long HEAP_BYTES = 64L << 20;
    private static final CellJob.Work NOTHING = new CellJob.RunMain(Map.of(), true);

    @TempDir
    private Path folder;

    @Test
    void aCellThatStartsAfterwardsHasItsClassesFromTheArchive() throws IOException, InterruptedException {
        try (Sandbox sandbox = Sandboxes.open(); CellHome home = new CellHome();
                CellArchive archive = new CellArchive(home.archive())) {
            assertThat(archive.flags()).isEmpty();
            CellJob.Work rehearsal = new CellJob.RunMain(
                    ((Compilation.Compiled) sandbox.compile(CellArchive.REHEARSAL)).classes(), true);
            archive.make(home.forRehearsal(true, HEAP_BYTES, List.of()), rehearsal);
            assertThat(archive.flags()).isEqualTo(List.of("-XX:SharedArchiveFile=" + home.archive()));
            assertThat(Files.size(home.archive())).isPositive();

            Process cell = home.forProgram(true, HEAP_BYTES, Stream.concat(archive.flags().stream(),
                    Stream.of("-Xlog:class+load=info:stderr")).toList()).start();
            cell.getOutputStream().close();
            List<String> loaded = new String(cell.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).lines()
                    .toList();
            assertThat(loaded).filteredOn(line -> line.contains(CellMain.class.getName() + " ")).hasSize(1)
                    .allSatisfy(line -> assertThat(line).contains("source: shared objects file (top)"));
        }
    }

    @Test
    void withoutARehearsalThereIsNoArchive() throws InterruptedException {
        assumeThat(Files.isExecutable(Path.of("/bin/sh"))).as("/bin/sh is there").isTrue();
        try (CellArchive archive = new CellArchive(folder.resolve("none.jsa"))) {
            archive.make(new ProcessBuilder("/bin/sh", "-c", "cat > /dev/null; exit 3"), NOTHING);
            assertThat(archive.flags()).isEmpty();
        }
    }

    @Test
    void nothingIsStartedOnceItIsClosed() throws InterruptedException {
        CellArchive archive = new CellArchive(folder.resolve("none.jsa"));
        archive.close();
        archive.make(new ProcessBuilder("/nonexistent"), NOTHING);
        assertThat(archive.flags()).isEmpty();
    }

    @Test
    void anArchiveIsDueOnce() {
        try (CellArchive archive = new CellArchive(folder.resolve("none.jsa"))) {
            assertThat(Stream.generate(archive::isDueAfterAnotherCell).limit(100).filter(due -> due)).hasSize(1);
        }
    }
}
