/// Text to token ids and back, exactly as the tokenizers of Qwen2, Qwen2.5, Qwen3 and the Qwen distillations of
/// DeepSeek-R1 do it: byte-level byte-pair encoding (BPE).
///
/// Read [Tokenizer] first. Encoding then goes through one file a stage, in this order:
///
/// ```text
/// text ─ AddedTokenSplitter ─ NFC ─ AddedTokenSplitter ─ QwenSplitter ─ ByteAlphabet ─ BytePairEncoder ─ ids
///        tokens matched in          tokens matched in    one piece a    one symbol     merges by rank,
///        the raw text               normalised text      word, digit…   a byte         MergeTable
/// ```
///
/// [TextEncoder] is that line as a program. Decoding is [Vocabulary] (id to bytes) and [Utf8Assembler] (bytes to
/// characters), whole in [Tokenizer#decode(int[])] and token by token in [StreamingDecoder]. A folder is read by
/// [TokenizerFiles], [TokenizerJson] and [VocabAndMerges], which all produce one [TokenizerSpec].
///
/// [ChatTemplate] turns a conversation into text by the folder's template ([org.flowrl.transformer.text.jinja]);
/// [PromptForm] has the ways in which math problems are put to a model.
package org.flowrl.transformer.text;
