package org.flowrl.rl.grade;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.rl.data.JsonLines;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Normal forms of answers. The inputs of `normal-forms.jsonl` are ours; the outputs are what the public functions give
/// for them under Python 3: `normalize_final_answer` of verl's `math_dapo.py`, and `_strip_string` of Hendrycks'
/// `math_equivalence.py` (`hendrycks`) and of the copies that keep bare percent signs (`escaped`), null where they
/// fail.
class NormalFormsTest {
    private static final String TABLE = "normal-forms.jsonl";

    static List<JsonNode> rows() {
        List<JsonNode> rows = new ArrayList<>();
        try (InputStream in = NormalFormsTest.class.getResourceAsStream(TABLE)) {
            JsonLines.read(TABLE, in, row -> rows.add(row.value()));
        } catch (IOException e) {
            throw new UncheckedIOException(TABLE, e);
        }
        return rows;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void equalThoseOfThePublicFunctions(JsonNode row) {
        String in = row.get("in").asText();
        assertThat(DapoNormalizer.normalize(in)).isEqualTo(row.get("dapo").asText());
        assertThat(HendrycksNormalizer.ORIGINAL.normalize(in)).isEqualTo(text(row.get("hendrycks")));
        assertThat(HendrycksNormalizer.ESCAPED_PERCENT.normalize(in)).isEqualTo(text(row.get("escaped")));
    }

    @Test
    void theTableHasAHundredCasesAndMore() {
        assertThat(rows()).hasSizeGreaterThanOrEqualTo(100);
        assertThat(rows().stream().filter(row -> !row.get("in").equals(row.get("dapo")))).hasSizeGreaterThan(60);
    }

    private static Optional<String> text(JsonNode value) {
        return Stream.of(value).filter(JsonNode::isTextual).map(JsonNode::asText).findFirst();
    }
}
