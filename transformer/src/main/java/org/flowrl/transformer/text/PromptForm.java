package org.flowrl.transformer.text;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.tensor.UnknownName;

/// How a problem is put to a model, by the names that `--form` takes.
public enum PromptForm {
    /// The problem as it is.
    PLAIN("plain", "", "", ""),
    /// DAPO-Math-17k's instruction and reminder around the problem: the answer stands on a last line after `Answer:`.
    /// A problem that has them already, as that data set's own have, stays as it is.
    DAPO("dapo", "", "Solve the following math problem step by step. The last line of your response should be of the "
            + "form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n",
            "\n\nRemember to put your answer on its own line after \"Answer:\"."),
    /// Qwen2.5-Math's instruction as the system's message: the answer stands in `\boxed{}`.
    QWEN_MATH("qwen-math", "Please reason step by step, and put your final answer within \\boxed{}.", "", ""),
    /// The same instruction after the problem, under the template's own system message.
    QWEN_BOXED("qwen-boxed", "", "", "\nPlease reason step by step, and put your final answer within \\boxed{}."),
    /// Asks for a Java program in one fenced block, which is what the `java` grader reads. The words are ours; those of
    /// the paper's data ask for Python.
    JAVA("java", "", "", "\n\nWrite the answer as one Java program, in a single code block that begins with ```java. "
            + "Unless a declaration is given above, the program's class Main reads from standard input and prints to "
            + "standard output."),
    /// The same for Python, which a grader `run:` of the user's reads.
    PYTHON("python", "", "", "\n\nWrite the answer as one Python program, in a single code block that begins with "
            + "```python. Unless a declaration is given above, the program reads from standard input and prints to "
            + "standard output.");

    private final String label;
    private final String system;
    private final String before;
    private final String after;

    PromptForm(String label, String system, String before, String after) {
        this.label = label;
        this.system = system;
        this.before = before;
        this.after = after;
    }

    /// The form of this name.
    ///
    /// @throws IllegalArgumentException naming the known forms where there is none
    public static PromptForm named(String name) {
        return Arrays.stream(values()).filter(form -> form.label.equals(name)).findFirst().orElseThrow(() ->
                new IllegalArgumentException(UnknownName.message("prompt form", name, names())));
    }

    /// The names of all forms.
    public static List<String> names() {
        return Arrays.stream(values()).map(form -> form.label).toList();
    }

    /// The name.
    public String label() {
        return label;
    }

    /// The messages that put `problem` to a model.
    public List<ChatMessage> messages(String problem) {
        boolean isWrapped = !before.isEmpty() && problem.startsWith(before) && problem.endsWith(after);
        ChatMessage user = ChatMessage.user(isWrapped ? problem : before + problem + after);
        return system.isEmpty() ? List.of(user) : List.of(ChatMessage.system(system), user);
    }

    /// The text that puts `problem` to a model: rendered by its chat template, or where it has none, the messages with
    /// an empty line between.
    public String text(String problem, Optional<ChatTemplate> template) {
        return template.map(chat -> chat.render(messages(problem), Map.of())).orElseGet(() ->
                String.join("\n\n", messages(problem).stream().map(ChatMessage::content).toList()));
    }

    /// [#label()], so that command lines show it.
    @Override
    public String toString() {
        return label;
    }
}
