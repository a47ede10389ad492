package org.flowrl.transformer;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;
import java.util.stream.Stream;
import org.flowrl.tensor.UnknownName;

/// Which low-rank adapters a model has (LoRA, Hu et al., arXiv 2106.09685): beside a frozen weight W of each chosen
/// linear map, trained matrices A [rank, inputs] and B [outputs, rank].
/// ```
/// y = x · Wᵀ + bias + (alpha / rank) · (x · Aᵀ) · Bᵀ
/// ```
/// A starts uniform in ±1/√inputs and B at 0, so an adapted model starts as its base. Names, scale and first values are
/// those of PEFT, the library that most adapters are made with.
///
/// @param rank of every adapter; 0 for none
/// @param alpha numerator of the scale, above 0
/// @param targets names of linear maps, of {@link #TARGETS}, in every block
public record Lora(int rank, double alpha, @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
        List<String> targets) {
    /// The linear maps of a block.
    public static final List<String> TARGETS = List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj",
            "down_proj");

    /// No adapters; with a rank, every linear map has one, of scale 32 / rank.
    public static final Lora NONE = new Lora(0, 32, TARGETS);

    /// Targets may be given with commas between them.
    public Lora {
        targets = targets.stream().flatMap(names -> Stream.of(names.split(",")).map(String::strip)).distinct().toList();
        if (rank < 0) {
            throw new IllegalArgumentException("lora: rank " + rank + " must be 0 (none) or more");
        }
        if (!(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("lora: alpha " + alpha + " must be above 0 and finite");
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("lora: targets must name at least one of " + TARGETS);
        }
        for (String target : targets) {
            if (!TARGETS.contains(target)) {
                throw new IllegalArgumentException(UnknownName.message("lora: target", target, TARGETS));
            }
        }
    }

    /// True where there are adapters.
    @JsonIgnore
    public boolean isOn() {
        return rank > 0;
    }

    /// What products of adapters are multiplied by: alpha / rank.
    public double scale() {
        return alpha / rank;
    }

    /// For a line of a log, such as `rank 16, alpha 32, on q_proj v_proj`.
    @Override
    public String toString() {
        return "rank " + rank + ", alpha " + (alpha == Math.rint(alpha) ? Long.toString((long) alpha)
                : Double.toString(alpha)) + ", on " + (targets.containsAll(TARGETS) ? "every linear map"
                : String.join(" ", targets));
    }
}
