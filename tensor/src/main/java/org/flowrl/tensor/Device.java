package org.flowrl.tensor;

/// Where a tensor's memory lies: the host (`cpu`), one card (`cuda:0`), or nowhere (`plan`), where bytes are counted
/// and no value is held.
///
/// @param kind `cpu`, `cuda` or `plan`
/// @param index the card, counted from 0; 0 for the others
public record Device(String kind, int index) {
    /// The host.
    public static final Device CPU = new Device("cpu", 0);

    /// No device: memory is counted and not there.
    public static final Device PLAN = new Device("plan", 0);

    public Device {
        if (!kind.equals("cpu") && !kind.equals("cuda") && !kind.equals("plan")) {
            throw new IllegalArgumentException("device: kind '" + kind + "' must be cpu, cuda or plan");
        }
        if (index < 0 || !kind.equals("cuda") && index != 0) {
            throw new IllegalArgumentException("device: index " + index + " of " + kind);
        }
    }

    /// True where the host's loads and stores reach the memory.
    public boolean isHost() {
        return kind.equals("cpu");
    }

    /// True where memory keeps what is written to it; false on {@link #PLAN}.
    public boolean holdsValues() {
        return !kind.equals("plan");
    }

    @Override
    public String toString() {
        return kind.equals("cuda") ? kind + ":" + index : kind;
    }
}
