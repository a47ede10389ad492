package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FencedCodeTest {
    static Stream<Arguments> responses() {
        return Stream.of(
                Arguments.of("```java\nA\n```", Optional.of("A\n")),
                Arguments.of("text ```\nA\n``` more", Optional.of("A\n")),
                Arguments.of("```java\nA\n```\nand better:\n```c++\nB\n```", Optional.of("B\n")),
                Arguments.of("```java \r\nA\r\n```", Optional.of("A\r\n")),
                Arguments.of("```java\nA\n```\n```java\nB", Optional.of("A\n")),
                Arguments.of("```java\nA", Optional.empty()),
                Arguments.of("A", Optional.empty()),
                Arguments.of("", Optional.empty()));
    }

    @ParameterizedTest
    @MethodSource("responses")
    void theLastClosedBlockIsTheProgram(String response, Optional<String> code) {
        assertThat(FencedCode.last(response)).isEqualTo(code);
    }
}
