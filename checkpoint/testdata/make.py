"""Makes the small checkpoints beside it with Debian's python3-torch: python3 make.py"""
import argparse
import collections
import dataclasses
import enum
import io
import os
import pathlib
import pickle
import struct
import sys
import tarfile
import types as modules

import numpy as np
import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))


torch.manual_seed(0)


class Color(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Settings:
    rate: float
    name: str


class AttributeDict(dict):
    """As Lightning has for hyper_parameters."""


# Classes that no reader can know.
unknown = sys.modules["unknown"] = modules.ModuleType("unknown")
for cls in (Color, Settings, AttributeDict):
    cls.__module__ = "unknown"
    setattr(unknown, cls.__name__, cls)


def save(value, name, **options):
    torch.save(value, name + ".pt", **options)


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
    "np_array": np.arange(3), "np_fortran": np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)), "np_texts": np.array(["a", "b"]),
    "np_complex": np.complex128(1 + 2j), "frozen": frozenset({7}), "enum": Color.RED, "dataclass": Settings(0.5, "x"), "path": pathlib.PurePosixPath("/data/run"), "namespace": argparse.Namespace(lr=0.1),
    "tensor": torch.tensor([1.5]),
}  # fmt: skip
metadata["loop"] = loop = []
loop.append(loop)
save(metadata, "metadata")

optimizer_model = torch.nn.Linear(2, 1)
optimizer = torch.optim.AdamW(optimizer_model.parameters())
optimizer_model(torch.ones(1, 2)).sum().backward()
optimizer.step()
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=4)
scheduler.step()
save({"model_state_dict": optimizer_model.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
      "scheduler_state_dict": scheduler.state_dict()}, "training")  # fmt: skip

# A Lightning checkpoint, with the average of the weights beside them, and tensors with attributes of their own.
tagged = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
tagged.tag = "kept with the parameter"
attributed = torch.tensor([3.0])
attributed.tag = "kept with the tensor"
average = torch.optim.swa_utils.AveragedModel(torch.nn.Linear(1, 1))
with torch.no_grad():
    for p in average.parameters():
        p.fill_(4.0)
save({"epoch": 3, "global_step": 10, "pytorch-lightning_version": "2.0.0", "state_dict": collections.OrderedDict({"model.w": tagged, "model.b": attributed}),
      "callbacks": {"EMA": {"average": {"w": torch.tensor([5.0])}}}, "ema": average.state_dict(), "hyper_parameters": AttributeDict(rate=0.5)}, "lightning")  # fmt: skip

legacy = {"state_dict": views, "epoch": 4}
save(legacy, "legacy", _use_new_zipfile_serialization=False)
save(legacy, "legacy_protocol1", _use_new_zipfile_serialization=False, pickle_protocol=1)
save(legacy, "legacy_protocol4", _use_new_zipfile_serialization=False, pickle_protocol=4)
save(legacy, "protocol4", pickle_protocol=4)


def save_tar(name):
    """What torch.save wrote until 2017, as torch.load still reads it: today's PyTorch has no writer."""
    storages, tensors = io.BytesIO(), io.BytesIO()
    whole = torch.arange(6, dtype=torch.float32) / 4
    pickle.dump(2, storages, 2)
    for key, storage, kind in ((1, whole, torch.FloatStorage), (2, torch.tensor([7, 8]), torch.LongStorage)):
        pickle.dump((key, "cpu", kind), storages, 2)
        storages.write(struct.pack("<q", storage.numel()) + storage.numpy().tobytes())
    pickle.dump([(3, 1, 2, 4)], storages, 2)  # storage 3 is 4 elements of storage 1, from its element 2 on
    layouts = {10: (1, (2, 3), (3, 1), 0), 11: (1, (3, 2), (1, 3), 0), 12: (2, (2,), (1,), 0), 13: (3, (2,), (2,), 1), 14: (1, (), (), 5)}
    pickle.dump(len(layouts), tensors, 2)
    for key, (storage, shape, strides, offset) in layouts.items():
        pickle.dump((key, storage, torch.LongTensor if storage == 2 else torch.FloatTensor), tensors, 2)
        tensors.write(struct.pack(f"<q{2 * len(shape) + 1}q", len(shape), *shape, *strides, offset))

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return str(value.key) if isinstance(value, Key) else None

    class Key:
        def __init__(self, key):
            self.key = key

    value = io.BytesIO()
    names = zip(("plain", "transposed", "whole_numbers", "part", "scalar"), layouts)
    Pickler(value, 2).dump({"state_dict": collections.OrderedDict((n, Key(k)) for n, k in names), "epoch": 4})
    with tarfile.open(name + ".pt", "w:", format=tarfile.PAX_FORMAT) as archive:
        for member, content in (("sys_info", pickle.dumps({"protocol_version": 1000, "little_endian": True}, 2)), ("pickle", value.getvalue()),
                                ("tensors", tensors.getvalue()), ("storages", storages.getvalue())):  # fmt: skip
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    read = torch.load(name + ".pt")["state_dict"]
    assert torch.equal(read["transposed"], whole.reshape(2, 3).t()) and read["part"].tolist() == [0.75, 1.25], read


save_tar("tar")


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
torch.jit.trace(outer, torch.ones(1, 2)).save("traced.pt")
save([1, 2], "no_dict")
save({"epoch": 1, "model": {"weights": "elsewhere"}}, "no_state")

torch.jit.save(torch.jit.script(outer), "extra.pt", _extra_files={"config": '{"cutoff": 5.0}', "r_max": "5.0", "binary": b"\xff\x00"})

# Whole modules, alone, in a dict and behind DataParallel, one of whose parts has two names; nothing of their classes is anywhere.
Outer.__module__ = "unknown"
unknown.Outer = Outer
outer.note, outer.shared, outer.steps = "kept", outer.inner[0], 7
save(outer, "whole_module")
save({"epoch": 2, "net": torch.nn.DataParallel(outer), "ema": outer}, "whole_modules")

# Arrays in the place of tensors, as NumPy 1, NumPy 2 and pickles of protocol 5 write them.
arrays = collections.OrderedDict((name, t.numpy()) for name, t in views.items() if not t.requires_grad and name != "empty")
save({"state_dict": arrays}, "numpy")
save({"state_dict": arrays}, "numpy_protocol5", pickle_protocol=5)
