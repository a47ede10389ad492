package org.flowrl.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.flowrl.rl.objective.Algorithms;
import picocli.CommandLine;
import picocli.CommandLine.Model.UsageMessageSpec;

/// What `--algo` can be, kind by kind with a line for each, at the end of a command's help.
final class AlgorithmList {
    private AlgorithmList() {
    }

    static void addTo(CommandLine command) {
        command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_FOOTER, AlgorithmList::text);
    }

    private static String text(CommandLine.Help help) {
        StringBuilder text = new StringBuilder();
        for (Algorithms.Kind kind : Algorithms.Kind.values()) {
            Map<String, String> summaries = new LinkedHashMap<>();
            kind.algorithms().forEach(algorithm -> summaries.put(algorithm.name(), algorithm.summary()));
            text.append(help.createHeading("%nFor --algo, " + kind.heading() + ":%n"))
                    .append(help.createTextTable(summaries));
        }
        return text.toString();
    }
}
