"""Runs a TorchScript archive: {"model": path, "structures": [{"numbers", "positions"}]} on standard input,
[{"energy", "forces"}] on standard output, the forces by autograd."""
import json
import sys

import torch

torch.set_num_threads(1)
job = json.load(sys.stdin)
model = torch.jit.load(job["model"])
answers = []
with torch.jit.optimized_execution(False):  # the profiling executor of 1.13 fails on the second shape that it sees
    for s in job["structures"]:
        positions = torch.tensor(s["positions"], dtype=torch.float32, requires_grad=True)
        energy = model(torch.tensor(s["numbers"]), positions)
        assert energy.dim() == 0, energy.shape
        energy.backward()
        answers.append({"energy": energy.item(), "forces": (-positions.grad).flatten().tolist()})
print(json.dumps(answers))
