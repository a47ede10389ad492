package org.flowrl.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.flowrl.rl.data.DataException;
import org.flowrl.rl.data.JsonLines;
import org.flowrl.rl.data.Row;
import org.flowrl.rl.data.TextLines;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.transformer.text.Tokenizer;
import org.flowrl.transformer.text.TokenizerException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `tokenize`: texts to token ids, and back; one line out for each text in, in order.
@Command(name = "tokenize", mixinStandardHelpOptions = true, description = {
    "Turn text into token ids, or ids into text.",
    "In: JSONL with {\"text\": ...} a line, or plain text, a text a line. Out: {\"ids\": [...]} a line.",
    "With --decode, in: JSONL with {\"ids\": [...]}, or plain ids, a sequence a line. Out: {\"text\": ...} a line."})
final class TokenizeCommand implements Callable<Integer> {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    /// How the input spells its texts.
    private enum Format { AUTO, TEXT, JSONL }

    @Option(names = "--model", required = true, paramLabel = "DIR",
            description = "A Hugging Face folder; only its tokenizer is read.")
    private Path model;

    @Parameters(arity = "0..1", paramLabel = "FILE", defaultValue = "-",
            description = "What to read; - is standard input (default).")
    private String input;

    @Option(names = "--text", paramLabel = "TEXT", description = "A text, instead of FILE. Repeatable.")
    private List<String> texts = new ArrayList<>();

    @Option(names = "--format", defaultValue = "auto", paramLabel = "NAME",
            description = "text, jsonl or auto, which is jsonl where the input begins with '{' (default: auto).")
    private Format format;

    @Option(names = "--decode", description = "Ids in, texts out.")
    private boolean decode;

    @Option(names = "--no-special-tokens", description = "Encoding adds no bos token; decoding leaves special tokens "
            + "out.")
    private boolean noSpecialTokens;

    private Tokenizer tokenizer;
    private PrintWriter out;

    @Override
    public Integer call() throws IOException {
        if (!texts.isEmpty() && (decode || !input.equals("-"))) {
            throw new IllegalArgumentException("tokenize: --text gives texts to encode; neither --decode nor FILE can "
                    + "be given beside it");
        }
        tokenizer = Tokenizer.load(model);
        out = new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8)));
        try {
            if (!texts.isEmpty()) {
                texts.forEach(text -> encode("--text", text));
            } else {
                read();
            }
        } finally {
            // What came before an error is of use.
            out.flush();
        }
        return 0;
    }

    private void read() throws IOException {
        boolean isStandardInput = input.equals("-");
        String source = isStandardInput ? "standard input" : input;
        try (InputStream in = new BufferedInputStream(isStandardInput ? System.in
                : Files.newInputStream(Path.of(input)))) {
            if (format == Format.JSONL || format == Format.AUTO && beginsWithBrace(in)) {
                JsonLines.read(source, in, this::row);
            } else {
                TextLines.read(source, in, this::line);
            }
        } catch (IOException e) {
            throw IoFault.doing("cannot read " + source, e);
        }
    }

    /// Whether the first character that is not white space is a brace; the stream stays where it is.
    private static boolean beginsWithBrace(InputStream in) throws IOException {
        int furthest = 1 << 12;
        in.mark(furthest);
        int first = in.read();
        for (int i = 1; i < furthest && first >= 0 && Character.isWhitespace(first); i++) {
            first = in.read();
        }
        in.reset();
        return first == '{';
    }

    private void line(String place, String line) {
        if (decode) {
            decode(place, ids(place, line));
        } else {
            encode(place, line);
        }
    }

    private void row(Row row) {
        String key = decode ? "ids" : "text";
        JsonNode value = row.value().path(key);
        if (decode) {
            if (!value.isArray()) {
                throw row.refuse("must hold \"ids\", a list of integers");
            }
            int[] ids = new int[value.size()];
            for (int i = 0; i < ids.length; i++) {
                if (!value.get(i).isIntegralNumber() || !value.get(i).canConvertToInt()) {
                    throw row.refuse("ids[" + i + "] " + value.get(i) + " must be an integer below 2^31");
                }
                ids[i] = value.get(i).intValue();
            }
            decode(row.place(), ids);
        } else {
            if (!value.isTextual()) {
                throw row.refuse("must hold \"text\", a string");
            }
            encode(row.place(), value.textValue());
        }
    }

    /// The ids of a line of plain text: integers with spaces or commas between, brackets around or not.
    private static int[] ids(String place, String line) {
        String bare = line.strip().replaceAll("^\\[|]$", "").strip();
        String[] words = bare.isEmpty() ? new String[0] : bare.split("[\\s,]+");
        int[] ids = new int[words.length];
        for (int i = 0; i < ids.length; i++) {
            try {
                ids[i] = Integer.parseInt(words[i]);
            } catch (NumberFormatException e) {
                throw new DataException(place + ", column " + (line.indexOf(words[i]) + 1) + ": '" + words[i]
                        + "' must be an id, an integer below 2^31", e);
            }
        }
        return ids;
    }

    private void encode(String place, String text) {
        int[] ids;
        try {
            ids = tokenizer.encode(text, !noSpecialTokens);
        } catch (TokenizerException e) {
            throw new DataException(place + ": " + e.getMessage(), e);
        }
        ObjectNode result = MAPPER.createObjectNode();
        ArrayNode list = result.putArray("ids");
        for (int id : ids) {
            list.add(id);
        }
        out.println(result);
    }

    private void decode(String place, int[] ids) {
        String text;
        try {
            text = tokenizer.decode(ids, noSpecialTokens);
        } catch (TokenizerException e) {
            throw new DataException(place + ": " + e.getMessage(), e);
        }
        out.println(MAPPER.createObjectNode().put("text", text));
    }
}
