package org.flowrl.rl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.tensor.io.Safetensors;
import org.flowrl.transformer.AtomicFolder;

/// A training run at rest after some steps: a Hugging Face folder that any tool loads, or a folder of adapters as PEFT
/// writes them, plus `trainer_state.safetensors` with what continuing to the bit needs: F32 masters and both moments,
/// in the type that they are kept in, of every trained store, the critic's included, and the objective's own state.
///
/// Written under a temporary name and renamed when complete, so that a checkpoint is there whole or not at all.
///
/// @param folder `checkpoints/step-N` of a run folder
/// @param step N: steps done
public record Checkpoint(Path folder, long step) {
    private static final String STATE = "trainer_state.safetensors";
    private static final String PREFIX = "step-";
    private static final String OPTIMIZER_STEPS = "optimizer_steps.";

    /// Writes the state after `step` steps and removes all but the newest `keep` checkpoints.
    ///
    /// @param model writes the policy
    /// @param configHash of the configuration, compared when the run is resumed
    public static Checkpoint write(Path runFolder, long step, AtomicFolder.Content model, Trainer trainer,
            String configHash, int keep) {
        Path folder = runFolder.resolve("checkpoints").resolve(PREFIX + step);
        Map<String, String> state = new LinkedHashMap<>();
        state.put("step", Long.toString(step));
        state.put("config", configHash);
        state.put("objective", trainer.objective().state());
        for (int i = 0; i < trainer.learners().size(); i++) {
            state.put(OPTIMIZER_STEPS + i, Long.toString(trainer.learners().get(i).optimizer().steps()));
        }
        AtomicFolder.write(folder, partial -> {
            model.writeTo(partial);
            Safetensors.write(partial.resolve(STATE), tensors(trainer), state);
        });
        List<Checkpoint> all = all(runFolder);
        all.subList(0, Math.max(0, all.size() - keep)).forEach(Checkpoint::delete);
        return new Checkpoint(folder, step);
    }

    /// The newest checkpoint of a run folder, or empty.
    public static Optional<Checkpoint> latest(Path runFolder) {
        List<Checkpoint> all = all(runFolder);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /// Refuses a state that cannot be restored, by its header alone.
    ///
    /// @throws IllegalArgumentException where the configurations differ
    /// @throws org.flowrl.tensor.io.SafetensorsException where the file is not whole
    void check(String configHash) {
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("check", memory)) {
            state(scope, configHash);
        }
    }

    private Safetensors state(Scope scope, String configHash) {
        Path file = folder.resolve(STATE);
        Safetensors state = Safetensors.open(file, scope);
        if (!configHash.equals(state.metadata().get("config"))) {
            throw new IllegalArgumentException(file + ": was written with another configuration; "
                    + "only `steps` may change when a run is resumed");
        }
        return state;
    }

    /// Puts this state into a policy, an objective's modules and an optimizer made from the same configuration.
    ///
    /// @throws IllegalArgumentException where the configurations differ
    public void restore(Backend backend, Trainer trainer, String configHash) {
        try (Scope scope = Scope.root("resume", backend.memory())) {
            Safetensors state = state(scope, configHash);
            tensors(trainer).forEach((name, tensor) -> tensor.copyFrom(state.tensor(name)));
            trainer.objective().restore(state.metadata().get("objective"));
            for (int i = 0; i < trainer.learners().size(); i++) {
                Trainer.Learner learner = trainer.learners().get(i);
                learner.stores().forEach(ParameterStore::repack);
                learner.optimizer().resume(Long.parseLong(state.metadata().get(OPTIMIZER_STEPS + i)));
            }
        }
    }

    private static Map<String, Tensor> tensors(Trainer trainer) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        int index = 0;
        for (Trainer.Learner learner : trainer.learners()) {
            for (ParameterStore store : learner.stores()) {
                tensors.put("parameters." + index, store.arena());
                tensors.put("first_moment." + index, learner.optimizer().firstMoment(store));
                tensors.put("second_moment." + index++, learner.optimizer().secondMoment(store));
            }
        }
        return tensors;
    }

    /// All checkpoints, the newest last.
    private static List<Checkpoint> all(Path runFolder) {
        Path checkpoints = runFolder.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(checkpoints)) {
            return folders.filter(folder -> folder.getFileName().toString().matches(PREFIX + "\\d+"))
                    .map(folder -> new Checkpoint(folder,
                            Long.parseLong(folder.getFileName().toString().substring(PREFIX.length()))))
                    .sorted(Comparator.comparingLong(Checkpoint::step)).toList();
        } catch (IOException e) {
            throw IoFault.reading(checkpoints, e);
        }
    }

    private void delete() {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw IoFault.doing("cannot remove " + folder, e);
        }
    }
}
