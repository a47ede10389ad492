package org.flowrl.transformer.text;

/// Turns ids into text as they are sampled, and never hands out half a character.
///
/// A character whose bytes lie in several tokens is held back until its last byte arrives. What [#push] returned for
/// each id, joined, and [#finish] at the end are together exactly [Tokenizer#decode(int[], boolean)] of all the ids.
/// One decoder serves one sequence at a time and is not thread-safe.
public final class StreamingDecoder {
    private final Vocabulary vocabulary;
    private final boolean skipSpecial;
    private final Utf8Assembler assembler = new Utf8Assembler();
    private final StringBuilder text = new StringBuilder();

    StreamingDecoder(Vocabulary vocabulary, boolean skipSpecial) {
        this.vocabulary = vocabulary;
        this.skipSpecial = skipSpecial;
    }

    /// The text that `id` completes: whole characters, possibly none.
    ///
    /// @throws TokenizerException where `id` is negative
    public String push(int id) {
        text.setLength(0);
        decode(id);
        return text.toString();
    }

    /// U+FFFD where the last character stayed incomplete, otherwise nothing; the decoder is then ready for another
    /// sequence.
    public String finish() {
        text.setLength(0);
        assembler.finish(text);
        return text.toString();
    }

    String decodeAll(int[] ids) {
        for (int id : ids) {
            decode(id);
        }
        assembler.finish(text);
        return text.toString();
    }

    private void decode(int id) {
        if (id < 0) {
            throw new TokenizerException("decode: id " + id + " must not be negative");
        }
        if (!skipSpecial || !vocabulary.isSpecial(id)) {
            assembler.append(vocabulary.bytes(id), text);
        }
    }
}
