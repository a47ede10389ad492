package org.flowrl.rl.grade.code;

import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// Programs in responses.
final class FencedCode {
    /// A fence with any language tag or none, up to the next fence. As in the released reward, a block that is not
    /// closed does not count.
    private static final Pattern BLOCK = Pattern.compile("```[\\w+#-]*[ \\t]*\\r?\\n(.*?)```", Pattern.DOTALL);

    private FencedCode() {
    }

    /// The text of the last fenced block.
    static Optional<String> last(String response) {
        return BLOCK.matcher(response).results().map(MatchResult::group).reduce((_, later) -> later)
                .map(block -> block.substring(block.indexOf('\n') + 1, block.length() - 3));
    }
}
