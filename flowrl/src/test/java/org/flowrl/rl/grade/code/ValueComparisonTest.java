package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The equality of Python, between values written as JSON.
class ValueComparisonTest {
    @ParameterizedTest(name = "{0} == {1}: {2}")
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
            "1|1|true",
            "1|1.0|true",
            "1.0|1|true",
            "1|2|false",
            "true|1|true",
            "1|true|true",
            "false|0.0|true",
            "true|true|true",
            "true|2|false",
            "0.1|0.1|true",
            "0.3|0.30000000000000004|false",
            "9007199254740993|9007199254740992.0|false",
            "123456789012345678901234567890|123456789012345678901234567890|true",
            "\"a\"|\"a\"|true",
            "\"1\"|1|false",
            "1|\"1\"|false",
            "null|null|true",
            "null|0|false",
            "[]|[]|true",
            "[1,[2,3]]|[1.0,[2,3]]|true",
            "[1,2]|[2,1]|false",
            "[1]|[1,1]|false",
            "[1]|1|false",
            "{\"a\":1,\"b\":[]}|{\"b\":[],\"a\":1}|true",
            "{\"a\":1}|{\"b\":1}|false",
            "{}|[]|false",
    })
    void isThatOfPython(String expected, String value, boolean same) throws JsonProcessingException {
        ObjectMapper json = new ObjectMapper();
        assertThat(ValueComparison.same(json.readTree(expected), ValueComparison.value(json.readTree(value))))
                .isEqualTo(same);
    }
}
