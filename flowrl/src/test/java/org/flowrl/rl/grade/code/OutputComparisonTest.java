package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// LiveCodeBench's rule for printed answers, case by case. `/` stands for the end of a line.
class OutputComparisonTest {
    @ParameterizedTest(name = "''{0}'' against ''{1}'': {2}")
    @CsvSource(quoteCharacter = '"', ignoreLeadingAndTrailingWhitespace = false, value = {
            "1 2,1 2,true",
            "1 2,1 2/,true",
            "1 2,/1 2//,true",
            "1/2, 1 /  2,true",
            "1 2,1  2,true",
            "a b,a  b,false",
            "1,1.0,true",
            "0.1,0.10000000001,false",
            "1e2,100,true",
            "-0,0,true",
            "+5,5,true",
            ".5,0.50,true",
            "1/2,1 2,false",
            "1 2,1/2,false",
            "1/2,1/2/3,false",
            "1//2,1/2,false",
            "yes,YES,false",
            "1 a,1.0 a,false",
            "x,x,true",
            "\"\",\"\",true",
            "\"\",0,false",
            "0x10,16,false",
            "1_000,1000,false",
            "9007199254740993,9007199254740992,false",
            "1e999999999,1e999999999,true",
            "1e999999999,1e999999998,false",
    })
    void isByTextOrByExactDecimals(String expected, String printed, boolean same) {
        assertThat(OutputComparison.difference(expected.replace('/', '\n'), printed.replace('/', '\n')).isEmpty())
                .isEqualTo(same);
    }
}
