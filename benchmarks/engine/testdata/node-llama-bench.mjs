// Runs llama.cpp through node-llama-cpp and prints what llama-bench -o jsonl would.
import {getLlama} from "node-llama-cpp";
const arg = (name, or) => { const i = process.argv.indexOf(name); return i < 0 ? or : process.argv[i + 1]; };
const list = (name, or) => arg(name, or).split(",").map(Number);
const threads = Number(arg("-t", "2")), reps = Number(arg("-r", "3")), path = arg("-m");
const llama = await getLlama({gpu: false, build: "never", maxThreads: threads, logLevel: "error", skipDownload: true});
const model = await llama.loadModel({modelPath: path});
const ubatch = Number(arg("-ub", "512"));
const tests = [];
for (const d of list("-d", "0")) for (const p of list("-p", "512")) if (p > 0) tests.push({p, n: 0, d});
for (const d of list("-d", "0")) for (const n of list("-n", "128")) if (n > 0) tests.push({p: 0, n, d});
const size = Math.max(...tests.map(t => t.p + t.n + t.d)) + 64;
const ctx = await model.createContext({contextSize: size, batchSize: ubatch, threads: {ideal: threads, min: threads}});
const seq = ctx.getSequence();
const word = i => 259 + (i * 7919) % 3000;
const prompt = n => Array.from({length: n}, (_, i) => word(i));
async function decode(n) { let i = 0; const it = seq.evaluate([word(1)], {temperature: 0, yieldEogToken: true}); for await (const _ of it) if (++i >= n) break; }
for (const t of tests) {
  const ns = [];
  for (let r = -1; r < reps; r++) {
    await seq.clearHistory();
    if (t.d > 0) await seq.evaluateWithoutGeneratingNewTokens(prompt(t.d));
    const start = process.hrtime.bigint();
    if (t.p > 0) await seq.evaluateWithoutGeneratingNewTokens(prompt(t.p)); else await decode(t.n);
    if (r >= 0) ns.push(Number(process.hrtime.bigint() - start));
  }
  const tokens = t.p + t.n, ts = ns.map(x => tokens / x * 1e9), mean = a => a.reduce((x, y) => x + y, 0) / a.length;
  console.log(JSON.stringify({build_commit: "npm", build_number: 0, cpu_info: "", gpu_info: "", backends: "CPU", model_filename: path, model_type: "", model_size: 0, model_n_params: 0, n_batch: 2048, n_ubatch: ubatch, n_threads: threads, type_k: "f16", type_v: "f16", n_gpu_layers: 0, n_prompt: t.p, n_gen: t.n, n_depth: t.d, avg_ns: mean(ns), avg_ts: mean(ts), samples_ns: ns, samples_ts: ts}));
}
process.exit(0);
