/// Sampling from a language model: read {@link org.flowrl.transformer.generate.Generator} first.
package org.flowrl.transformer.generate;
