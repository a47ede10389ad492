package org.flowrl.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.flowrl.rl.toy.Toy;
import org.flowrl.rl.toy.ToyPicture;
import org.flowrl.rl.toy.ToyTarget;
import org.flowrl.tensor.io.AtomicFile;
import org.flowrl.tensor.io.Destination;
import org.flowrl.tensor.io.IoFault;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `toy`: the paper's Figure 1, computed anew: matching a distribution of rewards beside seeking the greatest.
@Command(name = "toy", mixinStandardHelpOptions = true, description = "The paper's Figure 1 in seconds: a policy over "
        + "100 states that matches a distribution with three peaks, and one that collapses on the highest.")
final class ToyCommand implements Callable<Integer> {
    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps of each policy (default: 6000).")
    private Long steps;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "Decides every draw (default: 1).")
    private long seed;

    @Option(names = "--out", defaultValue = "runs/toy.svg", paramLabel = "FILE",
            description = "Where the picture is written as SVG, a file that is there replaced (default: "
                    + "runs/toy.svg).")
    private Path out;

    @Override
    public Integer call() {
        Destination.requireFile("toy: --out", out);
        long started = System.nanoTime();
        Toy.Settings settings = Toy.Settings.defaults().withSeed(seed);
        if (steps != null) {
            settings = settings.withSteps(steps);
        }
        System.out.printf(Locale.ROOT, "%d steps of %d samples, seed %d, F64%n", settings.steps(), settings.samples(),
                seed);
        List<Toy.Result> results = List.of(Toy.train(Toy.Method.TRAJECTORY_BALANCE, settings),
                Toy.train(Toy.Method.MAXIMISER, settings));
        plot("target", ToyTarget.probabilities());
        results.forEach(result -> plot(ToyPicture.name(result.method()), result.probabilities()));
        System.out.printf(Locale.ROOT, "%n%-20s %18s %18s %9s   %s%n", "", "KL(target,policy)", "KL(policy,target)",
                "log Z", "probability of the peaks");
        row("target", 0, 0, String.format(Locale.ROOT, "%.4f", ToyTarget.logZ()),
                ToyTarget.peakMasses(ToyTarget.probabilities()));
        for (Toy.Result result : results) {
            row(ToyPicture.name(result.method()), result.targetToPolicy(), result.policyToTarget(),
                    result.logZ().isEmpty() ? "" : String.format(Locale.ROOT, "%.4f", result.logZ().getAsDouble()),
                    result.peakMasses());
        }
        write(ToyPicture.svg(results));
        System.out.printf(Locale.ROOT, "%n%.1f s. Picture: %s%n", (System.nanoTime() - started) * 1e-9, out);
        return 0;
    }

    private static void plot(String name, double[] probabilities) {
        System.out.printf(Locale.ROOT, "%n%s%n%s", name, ToyPicture.terminal(probabilities));
    }

    private static void row(String name, double targetToPolicy, double policyToTarget, String logZ, double[] peaks) {
        System.out.printf(Locale.ROOT, "%-20s %18.4f %18.4f %9s   %.3f %.3f %.3f%n", name, targetToPolicy,
                policyToTarget, logZ, peaks[0], peaks[1], peaks[2]);
    }

    private void write(String svg) {
        try {
            if (out.getParent() != null) {
                Files.createDirectories(out.getParent());
            }
        } catch (IOException e) {
            throw IoFault.writing(out.getParent(), e);
        }
        AtomicFile.write(out, svg);
    }
}
