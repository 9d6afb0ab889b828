"""Prints the median of the seconds that it takes to open a checkpoint and to read its tensor "small", after one to warm up."""
import json
import statistics
import sys
import time

import numpy as np
import torch


def read_safetensors(path):
    with open(path, "rb") as f:
        length = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(length))
    start, end = header["small"]["data_offsets"]
    return np.memmap(path, mode="r", offset=8 + length)[start:end].view("<f4").sum()


def read_torch(path):
    return torch.load(path, weights_only=True)["model_state_dict"]["small"].sum().item()


torch.set_num_threads(1)
read = read_safetensors if sys.argv[1].endswith(".safetensors") else read_torch
seconds = []
for _ in range(4):
    start = time.perf_counter()
    assert read(sys.argv[1]) == 0
    seconds.append(time.perf_counter() - start)
print(statistics.median(seconds[1:]))
