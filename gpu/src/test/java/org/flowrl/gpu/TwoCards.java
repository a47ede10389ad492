package org.flowrl.gpu;

import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.cpu.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// Tests on the emulated card or a real one: two backends with products of BF16, whose threads the emulated card runs
/// in opposite orders, and the reference beside them.
abstract class TwoCards {
    final ReferenceBackend reference = new ReferenceBackend();
    CudaBackend card;
    CudaBackend other;

    @BeforeEach
    void openTheCards() {
        CudaContract.useCard();
        card = rounding();
        other = rounding();
    }

    @AfterEach
    void closeTheCards() {
        other.close();
        card.close();
        reference.close();
    }

    /// A backend with products of BF16.
    static CudaBackend rounding() {
        String before = System.setProperty(ProductPrecision.PROPERTY, "bf16");
        try {
            return new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
        } finally {
            if (before == null) {
                System.clearProperty(ProductPrecision.PROPERTY);
            } else {
                System.setProperty(ProductPrecision.PROPERTY, before);
            }
        }
    }
}
