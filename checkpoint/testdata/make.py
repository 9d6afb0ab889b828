"""Makes the small checkpoints beside it with Debian's python3-torch: python3 make.py"""
import argparse
import collections
import enum
import os
import pathlib

import numpy as np
import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))


class Color(enum.Enum):
    RED = 1


Color.__module__ = "colors"  # a class that no reader can know


def save(value, name):
    torch.save(value, name + ".pt")


a = torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4
views = collections.OrderedDict(
    plain=a,
    transposed=a.t(),
    row=a[1],
    column=a[:, 1],
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    expanded=torch.tensor([7.0]).expand(4),
    parameter=torch.nn.Parameter(torch.tensor([1.0, -1.0])),
)
save(views, "views")

numbers = [-3.5, 0.0, 1.0, 2.0]
types = {}
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int16, torch.int32,
              torch.int64, torch.uint8, torch.bool, torch.complex64, torch.complex128):  # fmt: skip
    values = numbers
    if not dtype.is_floating_point and not dtype.is_complex:
        values = [0, 1, 100, 127] if dtype != torch.bool else [False, True, True, False]
    types[str(dtype).split(".")[1]] = torch.tensor(values, dtype=dtype)
save({"state_dict": types, "epoch": 4}, "types")

shared = [1, 2]
metadata = {
    "model": {"module.model.w": torch.ones(2), "module._orig_mod.b": torch.zeros(1)},
    "none": None, "true": True, "int": -7, "big": 2**70, "negative_big": -(2**70), "float": 0.1, "text": "Å", "bytes": b"\x00\xff",
    "list": shared, "same_list": shared, "tuple": (1, (2, "x")), "set": {5}, "dict": {"a": {"b": 1}, 3: 4},
    "ordered": collections.OrderedDict(x=1), "default": collections.defaultdict(list, k=[1]),
    "size": torch.Size([2, 3]), "dtype": torch.float32, "device": torch.device("cpu"),
    "np_float": np.float64(0.25), "np_float32": np.float32(0.5), "np_int": np.int64(-9), "np_bool": np.bool_(True),
    "np_array": np.arange(3), "path": pathlib.PurePosixPath("/data/run"), "namespace": argparse.Namespace(lr=0.1),
    "tensor": torch.tensor([1.5]),
}  # fmt: skip
metadata["loop"] = loop = []
loop.append(loop)
save(metadata, "metadata")

optimizer_model = torch.nn.Linear(2, 1)
optimizer = torch.optim.AdamW(optimizer_model.parameters())
optimizer_model(torch.ones(1, 2)).sum().backward()
optimizer.step()
save({"model_state_dict": optimizer_model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}, "training")

torch.save({"state_dict": views, "epoch": 4}, "legacy.pt", _use_new_zipfile_serialization=False)


class Outer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.SiLU(), torch.nn.Linear(1, 1, bias=False))
        self.register_buffer("centers", torch.tensor([0.5, 1.5]))
        self.cutoff = 5.0

    def forward(self, x):
        return self.inner(x) * self.cutoff


outer = Outer()
outer.load_state_dict({"centers": outer.centers, "inner.0.weight": torch.tensor([[1.0, 2.0]]), "inner.0.bias": torch.tensor([3.0]),
                       "inner.2.weight": torch.tensor([[4.0]])})  # fmt: skip
torch.jit.script(outer).save("torchscript.pt")
save([1, 2], "no_dict")
save({"epoch": 1, "model": {"weights": "elsewhere"}}, "no_state")
