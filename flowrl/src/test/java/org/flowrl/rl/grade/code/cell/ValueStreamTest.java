package org.flowrl.rl.grade.code.cell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ValueStreamTest {
    @Test
    void valuesAreReadAsTheyWereWritten() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ValueStream.write(new DataOutputStream(bytes), List.of(1, 2.5, "a", true, Map.of("k", new int[] {7})));
        assertThat(read(bytes.toByteArray())).isEqualTo(List.of(BigInteger.ONE, 2.5, "a", true,
                Map.of("k", List.of(BigInteger.valueOf(7)))));
    }

    /// 1,000 lists around an empty one are read; one more is refused by writer and reader.
    @Test
    void nestingHasAnEnd() throws IOException {
        Object value = List.of();
        for (int i = 0; i < 1_000; i++) {
            value = List.of(value);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ValueStream.write(new DataOutputStream(bytes), value);
        assertThat(bytes.size()).isEqualTo(5 * 1_001);
        assertThat(read(bytes.toByteArray())).isInstanceOf(List.class);

        Object deeper = List.of(value);
        assertThatThrownBy(() -> ValueStream.write(new DataOutputStream(new ByteArrayOutputStream()), deeper))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a value nested more than 1000 deep has no counterpart in JSON");
        ByteArrayOutputStream endless = new ByteArrayOutputStream();
        for (int i = 0; i < 100_000; i++) {
            endless.write(new byte[] {'l', 0, 0, 0, 1});
        }
        assertThatThrownBy(() -> read(endless.toByteArray())).isInstanceOf(IOException.class)
                .hasMessage("value nested more than 1000 deep");
    }

    private static Object read(byte[] bytes) throws IOException {
        return ValueStream.read(new DataInputStream(new ByteArrayInputStream(bytes)));
    }
}
