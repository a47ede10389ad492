// One FlowRL loss, every intermediate printed. From the repository's root, after `mvn -q -DskipTests package`:
//   jshell --class-path flowrl/target/flowrl.jar flowrl/docs/one-flowrl-loss.jsh
// The formulas are those of flowrl/docs/trajectory-balance.md.
import org.flowrl.autograd.*;
import org.flowrl.rl.*;
import org.flowrl.rl.objective.*;
import org.flowrl.tensor.*;

var backend = Backends.open("reference", 1).backend();
var scope = Scope.root("walk", backend.memory());
void show(String name, Tensor values) {
    System.out.printf(Locale.ROOT, "%-22s", name);
    for (double value : values.toDoubles()) System.out.printf(Locale.ROOT, " %9.6f", value);
    System.out.println();
}

// Two responses to one prompt, of 3 and 2 tokens; packed one after the other. The first is right: reward 1, the other 0.
int[] lengths = {3, 2};
Tensor starts = scope.of(new int[] {0, 3, 5}, 3);
Tensor policy = scope.of(new double[] {-0.5, -1.0, -0.7, -1.2, -0.4}, 5);
Tensor sampled = scope.of(new double[] {-0.6, -1.0, -0.7, -1.2, -0.3}, 5);
Tensor reference = scope.of(new double[] {-0.9, -0.8, -1.0, -0.7, -0.6}, 5);
Tensor rewards = scope.of(new double[] {1, 1, 1, 0, 0}, 5);
Batch batch = new Batch(starts, lengths, new int[] {0, 1}, new Batch.Scores(sampled, sampled, reference, null),
        new Batch.Aims(rewards, null, null), 2, 5, 8, RandomKey.of(1));
show("log pi", policy);
show("log pi_old", sampled);
show("log pi_ref", reference);

// beta = 1 on raw rewards; the weight is min(W, 10).
var settings = FlowRlSettings.recipe202512().withBeta(1).withRawReward();
Tape tape = Tape.recording(backend, scope);
Var logPi = tape.variable(policy);
Var logZ = tape.variable(scope.of(new double[] {0.2, 0.2}, 2));
FlowRl.Terms terms = FlowRl.terms(settings, logPi, logZ, batch);

show("log Z", logZ.value());
show("l - l_ref", terms.attained().value());            // (0.4 - 0.2 + 0.3) / 3        (-0.5 + 0.2) / 2
show("beta R - log Z", terms.demanded().value());       // 1 - 0.2                      0 - 0.2
show("delta", terms.residual().value());                // their difference
show("log W", terms.logRatio().value());                // 0.1 + 0 + 0                  0 - 0.1
show("weight", terms.weight().value());                 // e^0.1                        e^-0.1
show("loss", terms.loss().value());                     // (weight delta^2 + weight delta^2) / 2

tape.backward(terms.loss(), new Gradients(scope, List.of()));
show("dloss / dlog pi", tape.gradient(logPi));          // (2 / 2) weight delta / T, the same for all tokens of a row
show("dloss / dlog Z", tape.gradient(logZ));            // (2 / 2) weight delta
tape.close();
scope.close();
backend.close();
/exit
