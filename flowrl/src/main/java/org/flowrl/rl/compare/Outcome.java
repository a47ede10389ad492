package org.flowrl.rl.compare;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// How a run of a comparison ended; `cell.yaml` in its folder.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Outcome.Completed.class, name = "completed"),
    @JsonSubTypes.Type(value = Outcome.Diverged.class, name = "diverged"),
    @JsonSubTypes.Type(value = Outcome.Failed.class, name = "failed")
})
public sealed interface Outcome {
    /// The name of the kind.
    String kind();

    /// Why there is no result; empty where there is one.
    String reason();

    /// True where running it again would end the same way.
    boolean settled();

    /// Trained to its last step and evaluated.
    record Completed() implements Outcome {
        @Override
        public String kind() {
            return "completed";
        }

        @Override
        public String reason() {
            return "";
        }

        @Override
        public boolean settled() {
            return true;
        }
    }

    /// A loss stopped being a number. A run is a function of its configuration, so it would again.
    record Diverged(String reason) implements Outcome {
        @Override
        public String kind() {
            return "diverged";
        }

        @Override
        public boolean settled() {
            return true;
        }
    }

    /// Something else went wrong, in the machine or the program; it is tried again when the comparison is resumed.
    record Failed(String reason) implements Outcome {
        @Override
        public String kind() {
            return "failed";
        }

        @Override
        public boolean settled() {
            return false;
        }
    }
}
