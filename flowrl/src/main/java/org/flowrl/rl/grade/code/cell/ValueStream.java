package org.flowrl.rl.grade.code.cell;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Values that cross the border of a cell: null, booleans, integers of any size, decimals, text, lists and maps from
/// text. A program's results are written by what they are: arrays and iterables as lists, characters as text.
public final class ValueStream {
    /// Lists and maps one in another, at the most, as JSON is read: a program's result must not exhaust the stack of
    /// who reads it.
    private static final int DEEPEST = 1_000;

    private ValueStream() {
    }

    /// @throws IllegalArgumentException where a value has no counterpart in JSON, or is nested more than 1,000 deep
    public static void write(DataOutputStream out, Object value) throws IOException {
        write(out, value, 0);
    }

    private static void write(DataOutputStream out, Object value, int depth) throws IOException {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("a value nested more than " + DEEPEST
                    + " deep has no counterpart in JSON");
        }
        switch (value) {
            case null -> out.writeByte('n');
            case Boolean b -> out.writeByte(b ? 't' : 'f');
            case Byte _, Short _, Integer _, Long _, BigInteger _ -> writeTagged(out, 'i', value.toString());
            case Float _, Double _, BigDecimal _ -> writeTagged(out, 'd', value.toString());
            case Character _, CharSequence _ -> writeTagged(out, 's', value.toString());
            case Map<?, ?> map -> {
                out.writeByte('m');
                out.writeInt(map.size());
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    CellJob.writeText(out, String.valueOf(entry.getKey()));
                    write(out, entry.getValue(), depth + 1);
                }
            }
            case Iterable<?> items -> {
                List<Object> list = new ArrayList<>();
                items.forEach(list::add);
                writeList(out, list, depth);
            }
            case Object array when array.getClass().isArray() -> {
                List<Object> list = new ArrayList<>();
                for (int i = 0; i < Array.getLength(array); i++) {
                    list.add(Array.get(array, i));
                }
                writeList(out, list, depth);
            }
            default -> throw new IllegalArgumentException("a value of " + value.getClass().getName()
                    + " has no counterpart in JSON");
        }
    }

    /// Integers are read as BigInteger, decimals as Double, all else as it was written.
    ///
    /// @throws IOException where the bytes are no value, or one that is nested more than 1,000 deep
    public static Object read(DataInputStream in) throws IOException {
        return read(in, 0);
    }

    private static Object read(DataInputStream in, int depth) throws IOException {
        if (depth > DEEPEST) {
            throw new IOException("value nested more than " + DEEPEST + " deep");
        }
        int tag = in.readUnsignedByte();
        return switch (tag) {
            case 'n' -> null;
            case 't' -> true;
            case 'f' -> false;
            case 'i' -> new BigInteger(CellJob.readText(in));
            case 'd' -> Double.valueOf(CellJob.readText(in));
            case 's' -> CellJob.readText(in);
            case 'l' -> {
                List<Object> list = new ArrayList<>();
                for (int n = in.readInt(); n > 0; n--) {
                    list.add(read(in, depth + 1));
                }
                yield list;
            }
            case 'm' -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int n = in.readInt(); n > 0; n--) {
                    String key = CellJob.readText(in);
                    map.put(key, read(in, depth + 1));
                }
                yield map;
            }
            default -> throw new IOException("value with tag " + tag);
        };
    }

    private static void writeTagged(DataOutputStream out, char tag, String text) throws IOException {
        out.writeByte(tag);
        CellJob.writeText(out, text);
    }

    private static void writeList(DataOutputStream out, List<Object> list, int depth) throws IOException {
        out.writeByte('l');
        out.writeInt(list.size());
        for (Object item : list) {
            write(out, item, depth + 1);
        }
    }
}
