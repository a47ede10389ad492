package org.flowrl.bench.peers;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/// Versions of bytedeco's artefacts, library and binding, from their Maven metadata.
final class Versions {
    private Versions() {
    }

    /// The version of an artefact on the class path, such as `3.11-1.5.13`.
    static String of(String artefact) {
        String resource = "/META-INF/maven/org.bytedeco/" + artefact + "/pom.properties";
        try (InputStream in = Versions.class.getResourceAsStream(resource)) {
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + resource, e);
        }
    }
}
