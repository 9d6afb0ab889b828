"""Times energy and forces of a TorchScript export in PyTorch: a job a line on standard input, an answer a line.

torch_peer.py THREADS DEVICE, where the device is cpu or cuda

job     {"model": path, "structure": path of an XYZ file, "iterations": n}
answer  {"seconds": [per iteration], "energy": eV, "forces": [[x, y, z], ...], "variants": {name: [per iteration]}}

A job on a GPU may name a "checkpoint": its network is then timed without TorchScript too, and as a CUDA graph where
PyTorch can capture it (it cannot where the number of pairs decides shapes).
"""
import json
import os
import sys
import time

import torch

NUMBERS = {"H": 1, "C": 6, "O": 8}


def read_xyz(path, device):
    lines = open(path).read().split("\n")
    rows = [line.split() for line in lines[2 : 2 + int(lines[0])]]
    numbers = torch.tensor([NUMBERS[r[0]] for r in rows], device=device)
    return numbers, torch.tensor([[float(x) for x in r[1:4]] for r in rows], device=device)


def load(path, device):
    model = torch.jit.load(path, map_location=device)
    for p in model.parameters():
        p.requires_grad_(False)  # forces need no gradients of the weights
    return model


def compute(model, numbers, positions):
    positions.grad = None
    energy = model(numbers, positions)
    energy.backward()
    return energy.item(), -positions.grad.cpu()  # both wait for the device


def measure(run, iterations):
    seconds = []
    for _ in range(iterations):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return seconds


def captured(model, numbers, positions):
    """A CUDA graph of energy and forces."""
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            compute(model, numbers, positions)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    positions.grad = None
    with torch.cuda.graph(graph):
        energy = model(numbers, positions)
        energy.backward()

    def replay():
        graph.replay()
        return energy.item(), -positions.grad.cpu()

    return replay


def variants(job, device, numbers, positions):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from export import load as load_checkpoint

    eager = load_checkpoint(job["checkpoint"]).to(device)
    for p in eager.parameters():
        p.requires_grad_(False)
    times = {"eager": measure(lambda: compute(eager, numbers, positions), job["iterations"])}
    try:
        times["cuda graph"] = measure(captured(eager, numbers, positions), job["iterations"])
    except (RuntimeError, TypeError) as error:
        print("CUDA graph:", str(error).split("\n")[0], file=sys.stderr)
    return times


def main():
    device = sys.argv[2]
    torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps({"version": torch.__version__}), flush=True)
    models = {}
    for line in sys.stdin:
        job = json.loads(line)
        if job["model"] not in models:
            models[job["model"]] = load(job["model"], device)
        model = models[job["model"]]
        numbers, positions = read_xyz(job["structure"], device)
        positions.requires_grad_(True)
        # The profiling executor of 1.13 fails on the second shape that it sees.
        with torch.jit.optimized_execution(False):
            energy, forces = compute(model, numbers, positions)
            seconds = measure(lambda: compute(model, numbers, positions), job["iterations"])
        others = variants(job, device, numbers, positions) if job.get("checkpoint") else {}
        print(json.dumps({"seconds": seconds, "energy": energy, "forces": forces.tolist(), "variants": others}), flush=True)


main()
