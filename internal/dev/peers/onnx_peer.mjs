// Times the energy of an ONNX graph in ONNX Runtime: jobs, whose "graph" is its path, and answers as in torch_peer.py, without forces.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import ort from "onnxruntime-node";

const numbers = { H: 1n, C: 6n, O: 8n };
const threads = Number(process.argv[2]);
const version = JSON.parse(readFileSync(new URL("node_modules/onnxruntime-node/package.json", import.meta.url))).version;
console.log(JSON.stringify({ version }));

function feeds(path) {
  const lines = readFileSync(path, "utf8").split("\n");
  const rows = lines.slice(2, 2 + Number(lines[0])).map((line) => line.trim().split(/\s+/));
  return {
    atomic_numbers: new ort.Tensor("int64", BigInt64Array.from(rows, (r) => numbers[r[0]]), [rows.length]),
    positions: new ort.Tensor("float32", Float32Array.from(rows.flatMap((r) => r.slice(1, 4).map(Number))), [rows.length, 3]),
  };
}

const sessions = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  if (!sessions.has(job.graph)) {
    const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionProviders: ["cpu"], logSeverityLevel: 3 };
    sessions.set(job.graph, await ort.InferenceSession.create(job.graph, options));
  }
  const session = sessions.get(job.graph);
  const input = feeds(job.structure);
  const energy = Number((await session.run(input)).energy.data[0]);
  const seconds = [];
  for (const begin = process.hrtime.bigint(); seconds.length < 3 || Number(process.hrtime.bigint() - begin) < 1e9 * job.seconds; ) {
    const start = process.hrtime.bigint();
    await session.run(input);
    seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
  }
  console.log(JSON.stringify({ seconds, energy }));
}
