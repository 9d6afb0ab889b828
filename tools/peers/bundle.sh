#!/bin/sh
# Tests the kernels and the engine on this machine's GPU, times them, and times PyTorch beside them; takes some
# minutes. `make gpu-bundle` puts it beside the binaries that it runs: they need the driver and nothing else, the
# comparison a Python with PyTorch ($PYTHON, python3 if unset). What comes out goes to $OUT (results if unset).
set -eu
cd "$(dirname "$0")"
out=$(mkdir -p "${OUT:-results}" && cd "${OUT:-results}" && pwd)

echo "== kernels against their float64 twins"
(cd kernels/gpu && ./gpu.test -test.skip PTX -test.v) >"$out/kernels-test.txt" 2>&1 || failed=1
grep -cE '^ *--- PASS' "$out/kernels-test.txt" || true
echo "== the engine against PyTorch's golden outputs"
(cd nn && ./nn.test -test.run GPU -test.v) >"$out/nn-test.txt" 2>&1 || failed=1
grep -cE '^ *--- PASS' "$out/nn-test.txt" || true
grep -hE -- '--- (FAIL|SKIP)' "$out/kernels-test.txt" "$out/nn-test.txt" || true
echo "== every kernel beside the GPU's ceilings"
(cd kernels/gpu && ./gpu.test -test.run '^$' -test.bench . -test.benchtime 20x) | tee "$out/kernels-bench.txt"
echo "== beside PyTorch"
./peers -device cuda -python "${PYTHON:-$(command -v python3)}" -rounds 3 -o "$out/cuda.json" | tee "$out/cuda.md"
exit "${failed:-0}"
