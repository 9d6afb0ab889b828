"""Writes the energy of a checkpoint's network as an ONNX graph that ONNX Runtime loads: export.py CHECKPOINT OUT.onnx

Debian's python3-torch runs it. Inputs atomic_numbers int64 [N], positions float32 [N, 3]; output energy.
"""
import os
import sys
import warnings

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from model import Student  # noqa: E402

PREFIXES = ("module.", "model.")


def load(path):
    file = torch.load(path, map_location="cpu")
    state = file.get("model_state_dict", file)
    for prefix in PREFIXES:
        state = {name[len(prefix):] if name.startswith(prefix) else name: t for name, t in state.items()}
    blocks = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("interactions."))
    rows, hidden = state["embedding.weight"].shape
    model = Student(hidden, blocks, len(state["rbf.centers"]), float(state["rbf.centers"][-1]), rows - 1)
    model.load_state_dict(state)
    return model


def index_add(g, target, dim, index, source, alpha=None):
    """1.13's own symbol loses sums over equal indices, and ONNX Runtime's parallel ScatterND races on them.

    dim is 0 and alpha 1."""
    axes = g.op("Constant", value_t=torch.arange(1, source.type().dim()))
    rows = g.op("Expand", g.op("Unsqueeze", index, axes), g.op("Shape", source))
    return g.op("ScatterElements", target, rows, source, axis_i=0, reduction_s="add")


def main(checkpoint, out):
    torch.onnx.register_custom_op_symbolic("aten::index_add", index_add, 16)
    warnings.simplefilter("ignore")  # of the tracer, on sizes
    example = (torch.tensor([8, 1, 1]), torch.tensor([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0.1]]))
    torch.onnx.export(load(checkpoint), example, out, opset_version=16,
                      input_names=["atomic_numbers", "positions"], output_names=["energy"],
                      dynamic_axes={"atomic_numbers": {0: "N"}, "positions": {0: "N"}})  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
