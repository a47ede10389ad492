package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CardSettingsTest {
    @AfterEach
    void clear() {
        System.clearProperty("gpu.binding");
        System.clearProperty("gpu.slabBytes");
    }

    @Test
    void keysOfACardBecomeSystemPropertiesAndTheOthersStay() {
        Map<String, String> settings = new LinkedHashMap<>(Map.of("gpu.binding", "jcuda", "gpu.slabBytes", "1024",
                "steps", "3"));
        CardSettings.take(settings);
        assertThat(settings).containsOnly(Map.entry("steps", "3"));
        assertThat(System.getProperty("gpu.binding")).isEqualTo("jcuda");
        assertThat(System.getProperty("gpu.slabBytes")).isEqualTo("1024");
    }

    @Test
    void librariesAreLookedForInFoldersThatAreThere() {
        assertThatIllegalArgumentException().isThrownBy(() ->
                CardSettings.take(new LinkedHashMap<>(Map.of("gpu.libraries", "/no/such/folder"))))
                .withMessage("--set gpu.libraries=/no/such/folder: must be folders, with " + File.pathSeparator
                        + " between them");
    }

    @Test
    void whereOneIsWrongNoneIsSet() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("gpu.binding", "jcuda");
        settings.put("gpu.slabBytes", "many");
        assertThatIllegalArgumentException().isThrownBy(() -> CardSettings.take(settings))
                .withMessage("--set gpu.slabBytes=many: must be a number of bytes");
        assertThat(System.getProperty("gpu.binding")).isNull();
        assertThat(settings).hasSize(2);
    }
}
