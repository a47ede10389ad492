package org.flowrl.cli;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.UnknownName;
import org.flowrl.tensor.cpu.PlanBackend;

/// Keys of `--set` that say how a card is used and are no part of a run's configuration, since it may go on elsewhere:
/// the system properties that the gpu module reads, for which `-D` before `-jar` does as well.
///
/// @param name of the key and of the property
/// @param values that it can have
/// @param rule in words
record CardSettings(String name, Predicate<String> values, String rule) {
    /// All keys and their values, for help texts: a line each, since a line would be broken at their dots.
    static final String KEYS = "%n  gpu.binding=ffm|jcuda: how libraries are called%n"
            + "  gpu.graphs=on|off: decode by CUDA graphs%n  gpu.libraries=FOLDERS to look in first%n"
            + "  gpu.products=weights|f32|tf32|bf16: rounding%n  gpu.slabBytes=N of memory at a time";

    private static final String PREFIX = "gpu.";
    private static final List<CardSettings> ALL = List.of(
            new CardSettings("gpu.binding", matching("ffm|jcuda"), "ffm or jcuda"),
            new CardSettings("gpu.graphs", matching("on|off"), "on or off"),
            new CardSettings("gpu.libraries", CardSettings::areFolders, "folders, with " + File.pathSeparator
                    + " between them"),
            new CardSettings(ProductPrecision.PROPERTY, matching(ProductPrecision.VALUES),
                    "one of " + ProductPrecision.VALUES),
            new CardSettings("gpu.slabBytes", matching("[0-9]{1,15}"), "a number of bytes"));

    private static Predicate<String> matching(String expression) {
        return Pattern.compile(expression).asMatchPredicate();
    }

    private static boolean areFolders(String value) {
        return Stream.of(value.split(File.pathSeparator)).allMatch(folder -> Files.isDirectory(Path.of(folder)));
    }

    /// Takes the keys that begin with `gpu.` out of `settings` and makes them system properties.
    ///
    /// @throws IllegalArgumentException where a key is unknown or a value does not fit; nothing is set
    static void take(Map<String, String> settings) {
        settings.forEach(CardSettings::require);
        Iterator<Map.Entry<String, String>> entries = settings.entrySet().iterator();
        while (entries.hasNext()) {
            Map.Entry<String, String> entry = entries.next();
            if (entry.getKey().startsWith(PREFIX)) {
                System.setProperty(entry.getKey(), entry.getValue());
                entries.remove();
            }
        }
    }

    /// How a plan takes a card to be used: as they say, and as the gpu module does where they say nothing.
    static PlanBackend.Card planned() {
        PlanBackend.Card usual = PlanBackend.Card.USUAL;
        return new PlanBackend.Card(!System.getProperty("gpu.graphs", "on").equals("off"),
                ProductPrecision.set(), Long.getLong("gpu.slabBytes", usual.slabBytes()));
    }

    /// As {@link #take}, of settings that have no other keys.
    ///
    /// @throws IllegalArgumentException where a key is unknown or a value does not fit; nothing is set
    static void takeAll(Map<String, String> settings) {
        settings.forEach(CardSettings::requireKnown);
        take(settings);
    }

    private static void require(String key, String value) {
        if (key.startsWith(PREFIX)) {
            requireKnown(key, value);
        }
    }

    private static void requireKnown(String key, String value) {
        CardSettings setting = ALL.stream().filter(known -> known.name.equals(key)).findFirst().orElseThrow(() ->
                new IllegalArgumentException(UnknownName.message("--set", key,
                        ALL.stream().map(CardSettings::name).toList())));
        if (!setting.values.test(value)) {
            throw new IllegalArgumentException("--set " + key + "=" + value + ": must be " + setting.rule);
        }
    }
}
