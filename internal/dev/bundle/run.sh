#!/bin/sh
# Tests and times painless on this machine's GPU, and brings home what it can, whatever fails or hangs.
#
#	run.sh [look] [tests] [engine] [kernels] [torch] [sanitize] [profile]      all of them, in this order, if none is named
#
# look      is there a GPU, and does the network compute on it?
# tests     every test of the driver, the kernels and the engine, each in a process of its own: an error of CUDA lasts as long as the process
# engine    times painless on molecules, batches and large systems
# kernels   times every kernel beside the GPU's ceilings
# torch     times PyTorch beside painless, where $PYTHON (python3 if unset) has it and sees the GPU
# sanitize  looks for races, wrong addresses, barriers and unset memory with compute-sanitizer, where it is installed
# profile   counts what the hardware did with ncu, where it is installed
#
# `make gpu-bundle` puts this beside the binaries that it runs: they need the driver and nothing else. What comes out goes to $OUT
# (results if unset): steps.txt is a line for each step, with its seconds and how it ended, and each step's output is in a file of its
# name. All takes $BUDGET seconds at most (1500 if unset), and no step more than $LIMIT. The exit code is 1 where a step failed.
set -u
cd "$(dirname "$0")" || exit 1
out=$(mkdir -p "${OUT:-results}" && cd "${OUT:-results}" && pwd) || exit 1
bin=$PWD
cd src || exit 1 # where tests find testdata, and trained students in ../shared

# The driver keeps what it compiled for the next process.
CUDA_CACHE_PATH=${CUDA_CACHE_PATH:-$out/jit}
CUDA_CACHE_MAXSIZE=1073741824
export CUDA_CACHE_PATH CUDA_CACHE_MAXSIZE
PATH=$PATH:/usr/local/cuda/bin:/usr/local/cuda/nsight-compute

now() { date +%s; }
end=$(($(now) + ${BUDGET:-1500}))
part_end=$end
failed=0

# part begins a part, which has so many seconds.
part() {
	part_end=$(($(now) + $2))
	[ "$part_end" -le "$end" ] || part_end=$end
	echo "== $1"
}

note() { printf '%s\n' "$*" >>"$out/steps.txt"; }

# step NAME SECONDS COMMAND… runs a command in a process group that is killed after its seconds, or the part's, or the budget's.
step() {
	name=$1 limit=$2
	shift 2
	[ "$limit" -le "${LIMIT:-$limit}" ] || limit=$LIMIT
	start=$(now)
	[ "$limit" -le $((part_end - start)) ] || limit=$((part_end - start))
	if [ "$limit" -le 0 ]; then
		note "$name: left out, as its part had no time left"
		failed=1
		return 1
	fi
	timeout -s KILL "$limit" "$@" >"$out/$name.txt" 2>&1 </dev/null
	code=$?
	case $code in
	0) ended=ok ;;
	124 | 137) ended="killed after $limit s" ;;
	*) ended="failed with $code" ;;
	esac
	note "$name: $ended, $(($(now) - start)) s"
	[ $code = 0 ] && return 0
	failed=1
	echo "$name $ended: the last lines of $name.txt"
	tail -n 5 "$out/$name.txt" | cut -c1-200
	return 1
}

models() { [ -d ../shared/models ] && echo ../shared/models || echo testdata; }

look() {
	part look 90
	step version 10 "$bin/painless" version
	step nvidia-smi 20 nvidia-smi
	step nvidia-smi-q 20 nvidia-smi -q
	step ethanol 60 "$bin/painless" predict -device cuda -model testdata/ultra_tiny.pt testdata/ethanol.xyz
}

# each runs the tests of a binary whose names match, in its folder. Tests of the PTX's sources are not for here.
each() {
	binary=$1 names=$2 passed=0
	folder=$(dirname "$binary")
	for test in $(cd "$folder" && timeout -s KILL "${LIMIT:-20}" "$bin/src/$binary" -test.list "$names" </dev/null 2>/dev/null | grep '^Test' | grep -v PTX); do
		step "$(basename "$binary" .test)-$test" 90 sh -c 'cd "$1" && exec "$2" -test.v -test.run "^$3\$"' sh "$folder" "$bin/src/$binary" "$test" && passed=$((passed + 1))
	done
	note "$binary: $passed tests passed"
	echo "$binary: $passed tests passed"
	[ "$passed" -gt 0 ] || failed=1 # there is no test, or no binary
}

tests() {
	part tests 420
	each kernels/gpu/cuda/cuda.test .
	each kernels/gpu/gpu.test .
	each nn/nn.test GPU
	grep -hE -- '--- SKIP' "$out"/*-Test*.txt | sort | uniq -c
	cat "$out"/*-TestOccupancy.txt "$out"/*-TestGPUTimeline.txt 2>/dev/null
}

engine() {
	part engine 240
	step engine 240 "$bin/peers" -device cuda -threads "$(nproc)" -part engine -models "$(models)" -rounds 3 -o "$out/engine.json"
	cat "$out/engine.txt"
}

kernels() {
	part kernels 180
	step kernels 180 sh -c 'cd kernels/gpu && exec ./gpu.test -test.run "^$" -test.bench . -test.benchtime 20x'
	cat "$out/kernels.txt"
}

torch() {
	part torch 300
	python=${PYTHON:-$(command -v python3 || true)}
	if [ -z "$python" ] || ! step pytorch 60 "$python" -c 'import torch; print(torch.__version__); assert torch.cuda.is_available(), "PyTorch sees no GPU"'; then
		echo "without PyTorch"
		note "torch: left out, as there is no PyTorch that sees the GPU"
		return
	fi
	step torch 300 "$bin/peers" -device cuda -threads "$(nproc)" -part torch -python "$python" -models "$(models)" -rounds 3 -o "$out/torch.json"
	cat "$out/torch.txt"
}

# sanitized NAME TOOL VERB FLAGS… runs a verb of painless under a tool of compute-sanitizer.
sanitized() {
	name=$1 tool=$2 verb=$3
	shift 3
	step "sanitize-$name" 60 compute-sanitizer --tool "$tool" --error-exitcode 9 "$bin/painless" "$verb" -device cuda "$@"
}

sanitize() {
	part sanitize 400
	if ! command -v compute-sanitizer >/dev/null; then
		note "sanitize: left out, as compute-sanitizer is not installed"
		return
	fi
	# Batches of 32 meet the launches for many atoms, single molecules one launch, periodic ones those for few, which label asks for all
	# molecules: in one launch there are no atoms' shares of the energy.
	for tool in memcheck racecheck synccheck initcheck; do
		sanitized "$tool" "$tool" predict -model testdata/ultra_tiny.pt -json testdata/ultra_tiny.extxyz
		sanitized "$tool-once" "$tool" predict -batch 1 -model testdata/ultra_tiny.pt -json testdata/ultra_tiny.extxyz
		sanitized "$tool-few" "$tool" label -batch 1 -teacher testdata/original.pt -o - testdata/ultra_tiny.extxyz
	done
	sanitized exact memcheck predict -filters exact -model testdata/tiny.pt -json testdata/ethanol.xyz
}

profile() {
	part profile 300
	if ! command -v ncu >/dev/null; then
		note "profile: left out, as ncu is not installed"
		return
	fi
	for size in "original testdata/ethanol.xyz" "original testdata/original.extxyz"; do
		set -- $size
		step "profile-$(basename "$2")" 150 ncu --set full --launch-count 60 --csv --page raw \
			"$bin/painless" predict -device cuda -model "testdata/$1.pt" -json "$2"
	done
}

: >"$out/steps.txt"
[ $# -gt 0 ] || set -- look tests engine kernels torch sanitize profile
for name in "$@"; do
	case $name in
	look | tests | engine | kernels | torch | sanitize | profile) ;;
	*)
		echo "$name: expected look, tests, engine, kernels, torch, sanitize or profile" >&2
		exit 2
		;;
	esac
done
for one in "$@"; do $one; done
echo "== what did not go well"
grep -vE ': ok, |tests passed' "$out/steps.txt"
exit $failed
