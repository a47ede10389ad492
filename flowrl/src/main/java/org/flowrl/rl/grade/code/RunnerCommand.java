package org.flowrl.rl.grade.code;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A user's command that runs a source file, such as `/usr/bin/python3 -I {file}`.
///
/// @param words the program's absolute path, and its arguments with `{file}` in one of them
/// @param suffix of the source file's name, `.py`
/// @param readable what the program needs to read beside `/usr`, `/lib` and `/bin`; its own installation where that is
///     elsewhere
public record RunnerCommand(List<String> words, String suffix, List<Path> readable) {
    private static final String FILE = "{file}";

    /// @throws IllegalArgumentException where the program is not an executable file, no word has the place for the
    ///     source, or something readable is not there
    public RunnerCommand {
        if (words.isEmpty() || !Path.of(words.getFirst()).isAbsolute()
                || !Files.isExecutable(Path.of(words.getFirst()))) {
            throw new IllegalArgumentException("runner command " + words
                    + ": the first word must be the absolute path of an executable file");
        }
        if (words.stream().skip(1).noneMatch(word -> word.contains(FILE))) {
            throw new IllegalArgumentException("runner command " + words + ": one argument must contain " + FILE);
        }
        for (Path path : readable) {
            if (!Files.exists(path)) {
                throw new IllegalArgumentException("runner command " + words + ": readable " + path
                        + " must be a file or folder that exists");
            }
        }
        words = List.copyOf(words);
        readable = List.copyOf(readable);
    }

    /// A command as one line, its words separated by spaces.
    public static RunnerCommand parse(String line, String suffix, List<Path> readable) {
        return new RunnerCommand(Stream.of(line.strip().split("\\s+")).toList(), suffix, readable);
    }

    /// The words for one source file.
    List<String> on(Path file) {
        return words.stream().map(word -> word.replace(FILE, file.toString())).toList();
    }
}
