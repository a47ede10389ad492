package org.flowrl.cli;

import java.nio.file.Path;
import java.util.Set;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.text.Tokenizer;

/// A model read from a folder, ready to compute.
///
/// @param directory the folder
/// @param model the model, with its parameters loaded and packed
record LoadedModel(ModelDirectory directory, Qwen model) {
    /// Reads a Hugging Face folder into `scope`, weights as F32.
    static LoadedModel read(Path folder, Backend backend, Scope scope) {
        ModelDirectory directory = ModelDirectory.open(folder);
        return new LoadedModel(directory, directory.load(new ParameterStore(backend, scope, DType.F32)));
    }

    /// The folder's tokenizer.
    Tokenizer tokenizer() {
        return directory.tokenizer();
    }

    /// Ids that end a completion.
    Set<Integer> endTokens() {
        return Set.copyOf(directory.config().eosTokenIds());
    }
}
