package org.flowrl.tensor.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.regex.Pattern;

/// What is wrong with a text that is not JSON, for messages that name its place themselves.
public final class JsonFault {
    /// Jackson's own words for the place of an opening bracket; the source has a name that means nothing to a reader.
    private static final Pattern SOURCE = Pattern.compile("\\[Source: .*?; line: (\\d+), column: (\\d+)]");

    private JsonFault() {
    }

    /// One line, such as `Unexpected end-of-input: expected close marker for Object (start marker at line 1, column
    /// 1)`.
    public static String reason(JsonProcessingException thrown) {
        return SOURCE.matcher(thrown.getOriginalMessage()).replaceAll("line $1, column $2").lines().findFirst()
                .orElse("no reason given");
    }
}
