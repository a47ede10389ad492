package org.flowrl.cli;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flowrl.tensor.UnknownName;
import picocli.CommandLine;

/// What is wrong with a command line, in words: picocli's own name Java's types and count arguments.
final class UsageFault {
    /// What picocli 4.7.7 says of a value that is not of its option's type.
    private static final Pattern WRONG_TYPE =
            Pattern.compile("Invalid value for option '(\\S+)'.*: '(.*)' is not an? (\\w+)");
    private static final Pattern WRONG_NAME =
            Pattern.compile("Invalid value for option '(\\S+)'.*: expected one of \\[(.*)] .* but was '(.*)'");
    private static final Map<String, String> TYPES = Map.of("int", "a whole number below 2^31", "long",
            "a whole number below 2^63", "double", "a number");

    private UsageFault() {
    }

    /// The fault, and what was perhaps meant.
    static String describe(CommandLine.ParameterException error) {
        CommandLine command = error.getCommandLine();
        if (error instanceof CommandLine.UnmatchedArgumentException unmatched) {
            return unmatched(command, unmatched);
        }
        List<String> unknown = command.getUnmatchedArguments();
        if (error instanceof CommandLine.MissingParameterException && !unknown.isEmpty()) {
            // A name that is misspelt is told of, rather than the required option that is missing for it.
            return unmatched(command, new CommandLine.UnmatchedArgumentException(command, unknown));
        }
        // picocli 4.7.7 on a map's option
        String message = error.getMessage().replace("option option ", "option ");
        Matcher type = WRONG_TYPE.matcher(message);
        if (type.matches() && TYPES.containsKey(type.group(3))) {
            return type.group(1) + " " + type.group(2) + " must be " + TYPES.get(type.group(3));
        }
        Matcher name = WRONG_NAME.matcher(message);
        return name.matches() ? name.group(1) + " " + name.group(3) + " must be one of " + name.group(2) : message;
    }

    private static String unmatched(CommandLine command, CommandLine.UnmatchedArgumentException unmatched) {
        String first = unmatched.getUnmatched().getFirst();
        if (unmatched.isUnknownOption()) {
            // What follows an unknown option may be its value.
            List<String> near = unmatched.getSuggestions();
            return "unknown option " + first + (near.isEmpty() ? "" : "; did you mean " + near.getFirst() + "?");
        }
        return command.getSubcommands().isEmpty() ? "argument " + first + " belongs to no option"
                : UnknownName.message("command", first, command.getSubcommands().keySet());
    }
}
