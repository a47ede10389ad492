// llama.cpp as a peer of `steps`: reads one JSON command a line, answers with one JSON line.
//   node steps.mjs MODEL.gguf THREADS
//   {"command": "describe"}
//   {"command": "run", "tokens": [[…], …], "newTokens": n}
// A run clears the cache, feeds the prompts, then decodes greedily. Answer: {"promptSeconds", "decodeSeconds",
// "generated"}; the first token of each sequence counts to the prompt, the others to decoding.
//
// node-llama-cpp's generators hand each sequence's token to JavaScript promises of its own, so that a batch may fall
// apart; the calls below them (initBatch, addToBatch, decodeBatch, sampleToken) keep all sequences in one batch. They
// are not a public API: package-lock.json pins the version. Flash attention is on: prefill is 6 % faster with it.
import {createInterface} from "node:readline";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const MAX_SEQUENCES = 8;
const CONTEXT_TOKENS = 1024;
const BATCH_TOKENS = 512;

const [modelPath, threadCount] = process.argv.slice(2);
const threads = Number(threadCount);
const llama = await getLlama({gpu: false, build: "never", maxThreads: threads, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath, gpuLayers: 0});
const context = await model.createContext({sequences: MAX_SEQUENCES, contextSize: CONTEXT_TOKENS,
    batchSize: BATCH_TOKENS, threads: {ideal: threads, min: threads}, flashAttention: true});
const native = context._ctx;
native.setThreads(threads);
const sampler = new llama._bindings.AddonSampler(model._model);
sampler.applyConfig({temperature: 0});

async function decode(batches) {
    native.initBatch(batches.reduce((sum, {tokens}) => sum + tokens.length, 0));
    const rows = batches.map(({sequence, position, tokens}) =>
        native.addToBatch(sequence, position, Uint32Array.from(tokens), Uint32Array.of(tokens.length - 1))[0]);
    await native.decodeBatch();
    const drawn = [];
    for (const row of rows)
        drawn.push(await native.sampleToken(row, sampler));
    return drawn;
}

async function run({tokens, newTokens}) {
    for (let sequence = 0; sequence < MAX_SEQUENCES; sequence++)
        native.disposeSequence(sequence);
    const started = performance.now();
    let last = await decode(tokens.map((prompt, sequence) => ({sequence, position: 0, tokens: prompt})));
    const prompted = performance.now();
    const generated = last.map((token) => [token]);
    for (let step = 1; step < newTokens; step++) {
        last = await decode(tokens.map((prompt, sequence) =>
            ({sequence, position: prompt.length + step - 1, tokens: [last[sequence]]})));
        last.forEach((token, sequence) => generated[sequence].push(token));
    }
    const ended = performance.now();
    return {promptSeconds: (prompted - started) / 1000, decodeSeconds: (ended - prompted) / 1000, generated};
}

for await (const line of createInterface({input: process.stdin})) {
    const request = JSON.parse(line);
    const answer = request.command === "describe"
        ? {release: llama.llamaCppRelease, system: llama.systemInfo} : await run(request);
    process.stdout.write(JSON.stringify(answer) + "\n");
}
process.exit(0);
