#!/bin/sh
# Tests the kernels and the engine on this machine's GPU, times them, and times PyTorch beside them, in at most 8
# minutes. `make gpu-bundle` puts it beside the binaries that it runs: they need the driver and nothing else, the
# comparison a Python with PyTorch ($PYTHON, python3 if unset). What comes out goes to $OUT (results if unset).
set -eu
cd "$(dirname "$0")"
out=$(mkdir -p "${OUT:-results}" && cd "${OUT:-results}" && pwd)
failed=0

echo "== is there a GPU?"
timeout 60 ./painless predict -device cuda -model testdata/ultra_tiny.pt -o "$out/ethanol.extxyz" testdata/ethanol.xyz
nvidia-smi >"$out/nvidia-smi.txt" || true
echo "== what is asked of the driver"
(cd kernels/gpu/cuda && timeout 30 ./cuda.test -test.v) >"$out/cuda-test.txt" 2>&1 || failed=1
grep -cE '^ *--- PASS' "$out/cuda-test.txt" || true
echo "== kernels against their float64 twins"
(cd kernels/gpu && timeout 60 ./gpu.test -test.skip PTX -test.v) >"$out/kernels-test.txt" 2>&1 || failed=1
grep -cE '^ *--- PASS' "$out/kernels-test.txt" || true
echo "== the engine against PyTorch's golden outputs"
(cd nn && timeout 60 ./nn.test -test.run GPU -test.v) >"$out/nn-test.txt" 2>&1 || failed=1
grep -cE '^ *--- PASS' "$out/nn-test.txt" || true
grep -hE -- '--- (FAIL|SKIP)' "$out/cuda-test.txt" "$out/kernels-test.txt" "$out/nn-test.txt" || true
echo "== every kernel beside the GPU's ceilings"
(cd kernels/gpu && timeout 90 ./gpu.test -test.run '^$' -test.bench . -test.benchtime 20x) >"$out/kernels-bench.txt" 2>&1 || failed=1
cat "$out/kernels-bench.txt"
echo "== the engine, beside PyTorch where there is one"
python=${PYTHON:-$(command -v python3 || true)}
if [ -z "$python" ] || ! "$python" -c 'import torch; assert torch.cuda.is_available(), "PyTorch sees no GPU"'; then
	echo "without PyTorch"
	python=
fi
timeout 150 ./peers -device cuda -python "$python" -rounds 3 -o "$out/cuda.json" >"$out/cuda.md" || failed=1
cat "$out/cuda.md"
exit $failed
