import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.report.RunReport;
import org.flowrl.tensor.Backends;

/// Five steps of FlowRL on the lattice task, and the run's page.
void main() throws Exception {
    Path folder = Files.createTempDirectory("flowrl").resolve("run");
    var config = ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("steps", "5", "warmUp.steps", "20"));
    try (var backend = Backends.open("auto").backend();
         var run = TrainingRun.start(backend, config, folder, (step, steps, metrics) ->
                 IO.println("step " + step + " of " + steps + ": reward " + metrics.get("reward/mean")))) {
        IO.println("backend " + backend.name());
        run.run();
    }
    IO.println(RunReport.write(folder));
}
