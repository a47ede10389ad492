/// Qwen2, Qwen2.5 and Qwen3 language models: the network, its key-value cache, and its Hugging Face folder.
///
/// Read {@link org.flowrl.transformer.Qwen} first, then {@link org.flowrl.transformer.QwenBlock}: they are the model.
/// {@link org.flowrl.transformer.PackedSequences} is what goes in when scoring and training,
/// {@link org.flowrl.transformer.CacheBatch} what goes in when sampling; attention is all that differs.
/// {@link org.flowrl.transformer.ModelDirectory} reads and writes folders.
///
/// Dimensions: N tokens, D model width, H query heads, G key/value heads, E head size, F feed-forward width, V
/// vocabulary, B sequences, T padded columns.
package org.flowrl.transformer;
