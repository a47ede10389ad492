package org.flowrl.tensor;

/// Where a tensor's memory lies: the host (`cpu`) or one card (`cuda:0`).
///
/// @param kind `cpu` or `cuda`
/// @param index the card, counted from 0; 0 for the host
public record Device(String kind, int index) {
    /// The host.
    public static final Device CPU = new Device("cpu", 0);

    public Device {
        if (!kind.equals("cpu") && !kind.equals("cuda")) {
            throw new IllegalArgumentException("device: kind '" + kind + "' must be cpu or cuda");
        }
        if (index < 0 || kind.equals("cpu") && index != 0) {
            throw new IllegalArgumentException("device: index " + index + " of " + kind);
        }
    }

    /// True where the host's loads and stores reach the memory.
    public boolean isHost() {
        return kind.equals("cpu");
    }

    @Override
    public String toString() {
        return isHost() ? kind : kind + ":" + index;
    }
}
