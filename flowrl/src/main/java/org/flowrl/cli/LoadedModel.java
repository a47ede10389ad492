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

    /// Reads a folder to sample from it: of most weights nothing is held but the copies that products read.
    ///
    /// @param packed their type, F32 or BF16
    static LoadedModel readFrozen(Path folder, Backend backend, Scope scope, DType packed) {
        ModelDirectory directory = ModelDirectory.open(folder);
        ParameterStore store = new ParameterStore(backend, scope, DType.F32, packed);
        return new LoadedModel(directory, directory.loadFrozen(store, false));
    }

    /// Refuses adapters, for commands that change or save a whole model.
    LoadedModel whole(String command) {
        directory.adapter().ifPresent(adapter -> {
            throw new IllegalArgumentException(command + ": " + directory.path() + " holds adapters, it must be a "
                    + "whole model, such as their base " + adapter.base());
        });
        return this;
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
