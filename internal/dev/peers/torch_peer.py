"""Times energy and forces in PyTorch: a job a line on standard input, an answer a line on standard output.

torch_peer.py THREADS DEVICE, where the device is cpu, cuda or cuda:N. Of more threads than one, each way is tried on all and on one.

hello   {"version": PyTorch's, "variants": [name, ...]}
job     {"checkpoint": path, "structure": path of an XYZ file, "variant": name, "seconds": that the turn lasts at least}
answer  {"seconds": [per call], "energy": eV, "forces": [[x, y, z], ...], "way": name, "errors": {way: message}}
        or {"error": message}

A variant is tried in each of its ways, and timed in the fastest of those that compute what eager PyTorch does. The
positions are on the device before a call; energy and forces are on the host after it. The arithmetic is float32
without TF32, PyTorch's default. "pairs given" leaves finding the pairs out: their number would decide shapes, which a
graph must know.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from best import at_its_best, blas_threads  # noqa: E402

if __name__ == "__main__":
    at_its_best(sys.argv[1])

import torch  # noqa: E402

from export import load  # noqa: E402

NUMBERS = {"H": 1, "C": 6, "O": 8}
WARM_UP = 5  # calls: TorchScript looks at two, and compiles in the third


def read_xyz(path, device):
    with open(path) as file:
        lines = file.read().split("\n")
    rows = [line.split() for line in lines[2 : 2 + int(lines[0])]]
    numbers = torch.tensor([NUMBERS[r[0]] for r in rows], device=device)
    positions = torch.tensor([[float(x) for x in r[1:4]] for r in rows], device=device)
    return numbers, positions.requires_grad_(True)


def results(energy, positions):
    """Energy and forces in one array on the device, [1 + 3N]."""
    (gradient,) = torch.autograd.grad(energy, positions)
    return torch.cat((energy.detach().reshape(1), -gradient.reshape(-1)))


def eager(model, numbers, positions):
    return lambda: results(model(numbers, positions), positions)


def traced(model, numbers, positions, optimised, frozen=False):
    script = torch.jit.trace(model, (numbers, positions.detach()), check_trace=False)
    if frozen:
        script = torch.jit.freeze(script)

    def call():
        with torch.jit.optimized_execution(optimised):
            return results(script(numbers, positions), positions)

    return call


def given_pairs(model, numbers, positions):
    """The energy as a function of the positions, whose pairs stay what they are now."""
    with torch.no_grad():
        d = (positions.unsqueeze(0) - positions.unsqueeze(1)).norm(dim=2)
        near = d <= model.cutoff
        src, dst = torch.where(near.fill_diagonal_(False))
    return lambda r: model.energy(numbers, src, dst, r[src] - r[dst])


def compiled(model, numbers, positions):
    import torch._dynamo

    torch._dynamo.reset()  # otherwise a second size is compiled for all sizes, and the ninth not at all
    mode = "reduce-overhead" if positions.is_cuda else "default"  # with CUDA graphs
    energy = torch.compile(given_pairs(model, numbers, positions), dynamic=False, mode=mode)
    return lambda: results(energy(positions), positions)


def captured(model, numbers, positions):
    energy = given_pairs(model, numbers, positions)
    positions = positions.detach().clone().requires_grad_(True)  # that no other stream knows
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            results(energy(positions), positions)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found = results(energy(positions), positions)

    def call():
        graph.replay()
        return found

    return call


# The ways of each variant; what a variant does to the process ends with it, so the riskier come last.
VARIANTS = {
    "torchscript": {
        "optimised": lambda *a: traced(*a, optimised=True),
        "frozen": lambda *a: traced(*a, optimised=True, frozen=True),
        "plain": lambda *a: traced(*a, optimised=False),  # the optimiser of 1.13 fails on the second call
    },
    "eager": {"eager": eager},
    "cuda graph, pairs given": {"captured": captured},
    "torch.compile, pairs given": {"compiled": compiled},
}


def variants(device):
    """The variants that there are on a device, in this version."""
    absent = set()
    if device.type != "cuda":
        absent.add("cuda graph, pairs given")
    if not hasattr(torch, "compile"):
        absent.add("torch.compile, pairs given")
    return [name for name in VARIANTS if name not in absent]


def on_threads(call, threads):
    """The call on so many threads."""

    def on():
        torch.set_num_threads(threads)
        blas_threads(threads)
        return call()

    return on


def ways(variant, device):
    """Yields the name of each way of a variant, what makes it, and on how many threads."""
    threads = int(sys.argv[1])
    for name, make in VARIANTS[variant].items():
        yield name, make, threads
        if device.type == "cpu" and threads > 1:
            yield name + ", 1 thread", make, 1


def timed(call):
    """Seconds of a call whose results are on the host, and these."""
    start = time.perf_counter()
    found = call().cpu()  # waits for the device
    return time.perf_counter() - start, found


def prepare(job, device):
    """The fastest way of a job's variant, warmed up; its name; what kept the other ways from working."""
    model = load(job["checkpoint"]).to(device).eval()
    for p in model.parameters():
        p.requires_grad_(False)  # forces need no gradients of the weights
    numbers, positions = read_xyz(job["structure"], device)
    reference = eager(model, numbers, positions)().cpu()
    best, fastest, errors = None, float("inf"), {}
    for way, make, threads in ways(job["variant"], device):
        try:
            call = on_threads(make(model, numbers, positions), threads)
            seconds = float("inf")
            for _ in range(WARM_UP):
                took, found = timed(call)
                seconds = min(seconds, took)
            if not torch.allclose(found, reference, rtol=1e-4, atol=1e-3):
                raise ValueError(f"differs from eager PyTorch by {(found - reference).abs().max()}")
        except Exception as error:
            errors[way] = brief(error)
            continue
        if seconds < fastest:
            best, fastest = (call, way), seconds
    if best is None:
        raise RuntimeError("; ".join(f"{way}: {message}" for way, message in errors.items()))
    return (*best, errors)


def brief(error):
    """The first line of an error and the last, which TorchScript's need."""
    lines = str(error).strip().split("\n")
    return f"{type(error).__name__}: " + " ... ".join(line.strip()[:300] for line in (lines[:1] + lines[1:][-1:]))


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    device = torch.device(sys.argv[2])
    if device.index is not None:
        torch.cuda.set_device(device)  # for streams and graphs

    def say(what):
        print(json.dumps(what, allow_nan=False), file=answers, flush=True)

    say({"version": torch.__version__, "variants": variants(device)})
    last = None  # what was prepared last, and for what
    for line in sys.stdin:
        job = json.loads(line)
        try:
            if last is None or last[0] != job:
                last = None
                last = job, prepare(job, device)
            call, way, errors = last[1]
            seconds = []
            begin = time.perf_counter()
            while len(seconds) < 3 or time.perf_counter() - begin < job["seconds"]:
                took, found = timed(call)
                seconds.append(took)
            say({"seconds": seconds, "energy": found[0].item(), "forces": found[1:].reshape(-1, 3).tolist(), "way": way, "errors": errors})
        except Exception as error:
            last = None
            say({"error": brief(error)})


if __name__ == "__main__":
    main()
