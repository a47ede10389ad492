package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
    @TempDir
    private Path folder;

    @Test
    void goingOnDropsWhatWasWrittenBeyondTheCheckpoint() throws IOException {
        MetricsLog log = log();
        MetricsLog resumed = new MetricsLog(folder);
        resumed.startAfter(2);
        resumed.append(3, Map.of("loss", 0.5));
        assertThat(resumed.rows()).extracting(row -> row.get("step") + ":" + row.get("loss"))
                .containsExactly("1:1.0", "2:2.0", "3:0.5");
        assertThat(log.rows()).hasSize(3);
    }

    @Test
    void aLineThatAKilledWriterLeftUnfinishedIsNoRow() throws IOException {
        MetricsLog log = log();
        Files.writeString(folder.resolve("metrics.jsonl"), "{\"step\":4,\"lo", StandardOpenOption.APPEND);
        assertThat(log.rows()).hasSize(3);
        log.startAfter(3);
        log.append(4, Map.of("loss", 4.0));
        assertThat(log.rows()).hasSize(4);
    }

    @Test
    void theCsvHasAColumnForEachMetricAndIsEmptyWhereARowLacksIt() throws IOException {
        MetricsLog log = log();
        log.append(4, Map.of("exact/accuracy", 0.5));
        log.writeCsv();
        assertThat(folder.resolve("metrics.csv")).hasContent("""
                step,exact/accuracy,loss
                1,,1.0
                2,,2.0
                3,,3.0
                4,0.5,
                """);
    }

    private MetricsLog log() {
        MetricsLog log = new MetricsLog(folder);
        log.startAfter(0);
        for (long step = 1; step <= 3; step++) {
            log.append(step, Map.of("loss", (double) step));
        }
        return log;
    }
}
