package org.flowrl.transformer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.SafetensorsEntry;
import org.flowrl.transformer.text.Tokenizer;

/// A Qwen model as a Hugging Face folder: `config.json`, weights in safetensors (one file, or several with
/// `model.safetensors.index.json`), optionally `generation_config.json` and a tokenizer.
///
/// ```java
/// ModelDirectory folder = ModelDirectory.open(Path.of("Qwen2.5-0.5B"));
/// Qwen model = folder.load(new ParameterStore(backend, scope, DType.F32));
/// ```
///
/// A folder of low-rank adapters ({@link AdapterFolder}) is a model, too: that of its base, adapted.
///
/// Nothing is guessed: every tensor must be there with the shape that the configuration asks for, and no other. One
/// exception is made: the head that some tools store beside a tied embedding may be there where it has the same bytes.
public final class ModelDirectory {
    /// Largest weight file where nothing else is asked for: that of Transformers.
    public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

    private static final String HEAD = "lm_head.weight";
    private static final String EMBEDDING = "model.embed_tokens.weight";

    /// Names listed in a message before it says how many more there are.
    private static final int NAMES_SHOWN = 5;

    private final Path path;
    private final QwenConfig config;
    private final WeightFiles files;
    private final Optional<AdapterFolder> adapter;

    private ModelDirectory(Path path, QwenConfig config, WeightFiles files, Optional<AdapterFolder> adapter) {
        this.path = path;
        this.config = config;
        this.files = files;
        this.adapter = adapter;
    }

    /// Reads the configuration and finds the weight files; their content is looked at by {@link #load}.
    ///
    /// @throws ModelException where the folder or a file in it is missing, or the model is not supported, see
    ///     {@link QwenConfig#read}
    public static ModelDirectory open(Path folder) {
        if (AdapterFolder.isAt(folder)) {
            AdapterFolder adapter = AdapterFolder.read(folder);
            ModelDirectory base = open(adapter.base());
            if (base.adapter.isPresent()) {
                throw new ModelException(folder + ": its base " + base.path + " must be a whole model, not adapters");
            }
            return new ModelDirectory(folder, base.config, base.files, Optional.of(adapter));
        }
        Path configFile = folder.resolve("config.json");
        if (!Files.isDirectory(folder)) {
            throw new ModelException(folder + (Files.exists(folder) ? ": is not a folder" : ": does not exist"));
        }
        if (!Files.exists(configFile)) {
            throw new ModelException(folder + ": has no config.json");
        }
        QwenConfig config = QwenConfig.read(configFile);
        Path generationFile = folder.resolve("generation_config.json");
        if (Files.exists(generationFile)) {
            config = withEndTokens(config, JsonFile.read(generationFile));
        }
        return new ModelDirectory(folder, config, WeightFiles.find(folder), Optional.empty());
    }

    /// The folder.
    public Path path() {
        return path;
    }

    /// The model's configuration. Its end tokens are those of `generation_config.json`, where that names some.
    public QwenConfig config() {
        return config;
    }

    /// The adapters, where the folder holds no whole model.
    public Optional<AdapterFolder> adapter() {
        return adapter;
    }

    /// The weight files, in the order of their names; of adapters, their file alone.
    public List<Path> weightFiles() {
        return adapter.map(present -> List.of(present.weights())).orElse(files.paths());
    }

    /// What the weight files of the model, without adapters, hold, file by file.
    ///
    /// @throws ModelException where index and files contradict each other
    /// @throws org.flowrl.tensor.io.SafetensorsException where a file breaks the format
    public List<SafetensorsEntry> tensors() {
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("headers", memory)) {
            return files.open(scope).values().stream().map(WeightFiles.Source::entry).toList();
        }
    }

    /// The folder's tokenizer; of adapters without one, the base's. Adapters bring a tokenizer of their own, as is
    /// saved where one was changed for them, by a `tokenizer.json` or a `vocab.json`; a chat template alone is none.
    ///
    /// @throws ModelException where it has more ids than the embedding has rows
    /// @throws org.flowrl.transformer.text.TokenizerException where the folder has none, or one that is not supported
    public Tokenizer tokenizer() {
        boolean isOfBase = adapter.isPresent() && !Tokenizer.isIn(path);
        Tokenizer tokenizer = Tokenizer.load(isOfBase ? adapter.get().base() : path);
        if (tokenizer.vocabSize() > config.vocabSize()) {
            throw new ModelException(path + ": the tokenizer has ids up to " + (tokenizer.vocabSize() - 1)
                    + ", vocab_size " + config.vocabSize() + " of config.json must be above that");
        }
        return tokenizer;
    }

    /// Checks all names, types and shapes against the configuration without reading the weights.
    ///
    /// @throws ModelException as {@link #load}
    /// @throws org.flowrl.tensor.io.SafetensorsException where a weight file breaks the format
    public void check() {
        try (Backend backend = Backends.open("reference", 1).backend();
             Scope scope = Scope.root("check", backend.memory())) {
            ParameterStore declared = new ParameterStore(backend, scope, DType.F32);
            Qwen model = Qwen.declare(declared.root(), config);
            requireDeclared(declared, files.open(scope));
            adapter.ifPresent(present -> present.check(model));
        }
    }

    /// Declares the model in an empty store, checks all names, types and shapes, and fills the store: ready to compute.
    /// Values are converted to the store's type, rounding to nearest even. Adapters go to a store of their own, see
    /// {@link Qwen#adapters}.
    ///
    /// @throws ModelException where a tensor is missing, unexpected, of the wrong shape or not of type F64, F32, BF16
    ///     or F16; the store's memory has not been allocated then
    /// @throws org.flowrl.tensor.io.SafetensorsException where a weight file breaks the format
    public Qwen load(ParameterStore store) {
        return load(store, fill -> {
            store.allocate();
            store.parameters().forEach(fill);
            store.repack();
        });
    }

    /// As {@link #load}, of a model that is never trained: see {@link ParameterStore#allocateFrozen}. The adapters of
    /// an {@link AdapterFolder} can be trained nevertheless.
    ///
    /// @param passesGradients true where gradients flow through the model, as to adapters
    public Qwen loadFrozen(ParameterStore store, boolean passesGradients) {
        return load(store, fill -> store.allocateFrozen(passesGradients, fill));
    }

    /// @param allocation gives every parameter memory and has it filled
    private Qwen load(ParameterStore store, Consumer<Consumer<Parameter>> allocation) {
        Qwen model = Qwen.declare(store.root(), config);
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("weights", memory)) {
            SequencedMap<String, WeightFiles.Source> tensors = files.open(scope);
            requireDeclared(store, tensors);
            allocation.accept(parameter -> fill(parameter,
                    tensors.get(parameter.name()).file().tensor(parameter.name()), store.backend()));
        }
        return adapter.isPresent() ? adapter.get().load(model) : model;
    }

    /// Writes a model in F32 with its tokenizer, in files of {@link #DEFAULT_SHARD_BYTES}, as
    /// {@link #save(Path, QwenConfig, ParameterStore, DType, Optional, long)} does.
    ///
    /// @throws IllegalArgumentException where it has adapters, which {@link AdapterFolder#write} is for
    public static void save(Path folder, Qwen model, Tokenizer tokenizer) {
        if (model.adapters().isPresent()) {
            throw new IllegalArgumentException("save: " + folder + ": a model with adapters must be written by "
                    + "AdapterFolder.write, which leaves its base where it is");
        }
        save(folder, model.config(), model.store(), DType.F32, Optional.of(tokenizer), DEFAULT_SHARD_BYTES);
    }

    /// Writes a model that {@link #open} and Transformers load. The folder is complete or absent at any moment, see
    /// {@link AtomicFolder}. The bytes depend on the arguments alone, and loading and saving again gives the same.
    ///
    /// @param folder must not exist, or be empty
    /// @param storage F64, F32, BF16 or F16
    /// @param tokenizer written too where present
    /// @param maxShardBytes weights beyond this go to further files; a tensor is never split
    /// @throws ModelException where the folder is not vacant, or a value has no finite F16 form
    /// @throws java.io.UncheckedIOException where it cannot be written
    public static void save(Path folder, QwenConfig config, ParameterStore store, DType storage,
            Optional<Tokenizer> tokenizer, long maxShardBytes) {
        AtomicFolder.write(folder, partial -> write(partial, config, store, storage, tokenizer, maxShardBytes));
    }

    /// As {@link #save}, into a folder that exists, for callers that write more files beside the model's and bring
    /// their own {@link AtomicFolder}.
    public static void write(Path folder, QwenConfig config, ParameterStore store, DType storage,
            Optional<Tokenizer> tokenizer, long maxShardBytes) throws IOException {
        if (tokenizer.isPresent() && tokenizer.get().vocabSize() > config.vocabSize()) {
            throw new ModelException(folder + ": a tokenizer of " + tokenizer.get().vocabSize()
                    + " ids does not fit vocab_size " + config.vocabSize());
        }
        JsonFile.write(folder.resolve("config.json"), config.toJson(storage));
        JsonFile.write(folder.resolve("generation_config.json"), QwenConfigJson.writeGeneration(config));
        tokenizer.ifPresent(present -> present.save(folder));
        new WeightWriter(folder, store, storage).write(maxShardBytes);
    }

    private static QwenConfig withEndTokens(QwenConfig config, JsonFile generation) {
        List<Integer> ends = QwenConfigJson.tokenIds(generation, "eos_token_id");
        try {
            return ends.isEmpty() ? config : config.withTokens(config.bosTokenId(), ends, config.padTokenId());
        } catch (IllegalArgumentException e) {
            throw new ModelException(generation.path() + ": " + e.getMessage(), e);
        }
    }

    private void requireDeclared(ParameterStore store, SequencedMap<String, WeightFiles.Source> tensors) {
        List<String> missing = new ArrayList<>();
        for (Parameter parameter : store.parameters()) {
            WeightFiles.Source source = tensors.get(parameter.name());
            if (source == null) {
                missing.add(parameter.name());
            } else {
                requireShape(source, parameter.shape());
            }
        }
        if (!missing.isEmpty()) {
            throw new ModelException(path + ": " + listed(missing, "missing") + " from " + fileNames());
        }
        requireNothingElse(store, tensors);
    }

    private void requireShape(WeightFiles.Source source, Shape expected) {
        SafetensorsEntry entry = source.entry();
        if (!entry.shape().equals(expected)) {
            String cause = entry.name().equals(EMBEDDING) || entry.name().equals(HEAD)
                    ? ": vocab_size " + config.vocabSize() + ", hidden_size " + config.hiddenSize() : "";
            throw new ModelException(source.file().path() + ": tensor " + entry.name() + " has shape " + entry.shape()
                    + ", config.json asks for " + expected + cause);
        }
        if (!entry.dtype().isFloating()) {
            throw new ModelException(source.file().path() + ": tensor " + entry.name() + " is stored as "
                    + entry.dtype() + ", it must be F64, F32, BF16 or F16");
        }
    }

    private void requireNothingElse(ParameterStore store, SequencedMap<String, WeightFiles.Source> tensors) {
        List<String> declared = store.parameters().stream().map(Parameter::name).toList();
        List<String> unexpected = new ArrayList<>(tensors.keySet());
        unexpected.removeAll(new HashSet<>(declared));
        if (config.tieWordEmbeddings() && unexpected.remove(HEAD)) {
            requireSameBytes(tensors.get(HEAD), tensors.get(EMBEDDING));
        }
        if (!unexpected.isEmpty()) {
            throw new ModelException(path + ": " + listed(unexpected, "unexpected") + " in " + fileNames());
        }
    }

    private static void requireSameBytes(WeightFiles.Source head, WeightFiles.Source embedding) {
        boolean isSame = head.entry().dtype() == embedding.entry().dtype()
                && head.file().tensor(HEAD).segment().mismatch(embedding.file().tensor(EMBEDDING).segment()) == -1;
        if (!isSame) {
            throw new ModelException(head.file().path() + ": tensor " + HEAD + " differs from " + EMBEDDING
                    + ", though tie_word_embeddings of config.json is true");
        }
    }

    /// Overwrites a parameter, converting to its type.
    static void fill(Parameter parameter, Tensor stored, Backend backend) {
        Tensor value = parameter.value();
        if (stored.dtype() == value.dtype()) {
            value.copyFrom(stored);
        } else if (backend.device().isHost()) {
            backend.elementwise().convert(stored, value);
        } else {
            // A card converts what lies in its own memory.
            try (Scope staging = value.scope().child("staging")) {
                backend.elementwise().convert(stored.copy(staging), value);
            }
        }
    }

    private String fileNames() {
        return files.paths().size() == 1 ? files.paths().getFirst().getFileName().toString()
                : "its " + files.paths().size() + " weight files";
    }

    private static String listed(List<String> names, String problem) {
        String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
        String more = names.size() > NAMES_SHOWN ? " and " + (names.size() - NAMES_SHOWN) + " more" : "";
        return (names.size() == 1 ? "tensor " : "tensors ") + shown + more
                + (names.size() == 1 ? " is " : " are ") + problem;
    }

    @Override
    public String toString() {
        return "ModelDirectory " + path;
    }
}
