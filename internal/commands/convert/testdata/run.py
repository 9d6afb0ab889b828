"""Computes with a converted checkpoint in PyTorch: {"model": path, "structures": [{"numbers", "positions"}]} on standard
input, [{"energy", "forces"}] on standard output. A safetensors file is read as its specification says, without its library.
model is internal/dev/golden's; PYTHONPATH says where."""
import json
import sys

import numpy as np
import torch
from model import Student


def read_safetensors(path):
    with open(path, "rb") as f:
        length = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(length))
    metadata, data = header.pop("__metadata__"), np.memmap(path, mode="c", offset=8 + length)
    kinds = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}
    state = {}
    for name, info in header.items():
        start, end = info["data_offsets"]
        state[name] = torch.frombuffer(data[start:end], dtype=kinds[info["dtype"]]).reshape(info["shape"])
    return state, json.loads(metadata["config"])


torch.set_num_threads(1)
job = json.load(sys.stdin)
if job["model"].endswith(".safetensors"):
    state, config = read_safetensors(job["model"])
else:
    checkpoint = torch.load(job["model"], weights_only=True)
    state, config = checkpoint["model_state_dict"], checkpoint["config"]
    trained = sum(t.numel() for name, t in state.items() if not name.startswith("rbf."))
    assert checkpoint["num_parameters"] == trained, (checkpoint["num_parameters"], trained)
model = Student(**config)
model.load_state_dict(state)  # strict: every tensor, and no other
answers = []
for s in job["structures"]:
    positions = torch.tensor(s["positions"], dtype=torch.float32, requires_grad=True)
    energy = model(torch.tensor(s["numbers"]), positions)
    energy.backward()
    answers.append({"energy": energy.item(), "forces": (-positions.grad).flatten().tolist()})
print(json.dumps(answers))
