package org.flowrl.autograd;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.Scope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// A backend and a scope of its own for every test of a class.
public abstract class BackendFixture {
    protected Backend backend;
    protected Scope scope;

    /// The device to compute on.
    protected String device() {
        return "reference";
    }

    @BeforeEach
    protected final void openBackend() {
        backend = Backends.open(device(), 1).backend();
        scope = Scope.root("test", backend.memory());
    }

    @AfterEach
    protected final void closeBackend() {
        scope.close();
        backend.close();
    }
}
