// Runs an ONNX graph in ONNX Runtime: {"model": path, "structures": [{"numbers", "positions"}]} on standard input,
// [{"energy", "forces"}] on standard output. NODE_PATH says where its module is.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const ort = createRequire(import.meta.url)("onnxruntime-node");

const job = JSON.parse(readFileSync(0, "utf8"));
const session = await ort.InferenceSession.create(job.model, { executionProviders: ["cpu"], intraOpNumThreads: 2, logSeverityLevel: 2 });
const answers = [];
for (const { numbers, positions } of job.structures) {
  const out = await session.run({
    atomic_numbers: new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), [numbers.length]),
    positions: new ort.Tensor("float32", Float32Array.from(positions.flat()), [numbers.length, 3]),
  });
  answers.push({ energy: Number(out.energy.data[0]), forces: out.forces && Array.from(out.forces.data) });
}
console.log(JSON.stringify(answers));
