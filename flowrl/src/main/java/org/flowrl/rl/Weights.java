package org.flowrl.rl;

import org.flowrl.autograd.ParameterStore;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;

/// Where a model's weights come from: a folder, or nowhere, for a plan of the memory that they take.
interface Weights {
    /// The model, declared in an empty store and filled, to be trained.
    Qwen load(ParameterStore store);

    /// The model, declared in an empty store and filled, never to be trained: see
    /// {@link ParameterStore#allocateFrozen}.
    Qwen loadFrozen(ParameterStore store, boolean passesGradients);

    /// Those of a folder.
    static Weights of(ModelDirectory folder) {
        return new Weights() {
            @Override
            public Qwen load(ParameterStore store) {
                return folder.load(store);
            }

            @Override
            public Qwen loadFrozen(ParameterStore store, boolean passesGradients) {
                return folder.loadFrozen(store, passesGradients);
            }
        };
    }

    /// Memory for the weights of a model, of undefined content.
    static Weights undefined(QwenConfig config) {
        return new Weights() {
            @Override
            public Qwen load(ParameterStore store) {
                Qwen model = Qwen.declare(store.root(), config);
                store.allocate();
                store.repack();
                return model;
            }

            @Override
            public Qwen loadFrozen(ParameterStore store, boolean passesGradients) {
                Qwen model = Qwen.declare(store.root(), config);
                store.allocateFrozen(passesGradients, _ -> { });
                return model;
            }
        };
    }
}
