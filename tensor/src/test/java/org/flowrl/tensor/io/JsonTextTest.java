package org.flowrl.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTextTest {
    /// Jackson takes the system's line end once, when its class is loaded, so no test can set another: what is held
    /// is the text.
    @Test
    void linesEndWithALineFeed() {
        assertThat(JsonText.of(Map.of("a", List.of(1, 0.5)))).isEqualTo("{\n  \"a\": [\n    1,\n    0.5\n  ]\n}\n");
    }
}
